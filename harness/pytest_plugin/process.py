"""What one process of a run holds while it proves cases: session, ledger, redaction."""

import logging
from dataclasses import dataclass, field

import pytest

from harness.adapter import Rig
from harness.core import CaseOutcome, Evidence, SystemClock
from harness.drive import Drive, Session, World
from harness.errors import UsageError
from harness.plan.case import Case
from harness.pytest_plugin.caserun import Judge
from harness.pytest_plugin.cassettes import Cassettes, redaction_key
from harness.pytest_plugin.collecting import Selection
from harness.pytest_plugin.logs import Records, redact_logs
from harness.pytest_plugin.own_words import own_words
from harness.pytest_plugin.rigs import OpenRig, open_rig
from harness.report.ledger import CaseResult, Ledger
from harness.report.run_record import LeftBehind


@dataclass
class ProvingProcess:
    """One worker of a run, or the only process of it. `request_ids` maps each seen request id to its evidence."""

    selection: Selection
    worker: str
    ledger: Ledger
    session: Session
    request_ids: dict[str, str] = field(default_factory=dict)
    recorded: set[str] = field(default_factory=set)
    pending: list[Evidence] = field(default_factory=list)
    round: int = 1
    cassettes: Cassettes | None = None
    group: str = ""
    rigged: OpenRig | None = None
    log_records: Records = logging.LogRecord

    @classmethod
    def open(cls, selection: Selection, world: World, worker: str) -> "ProvingProcess":
        """Open the ledger and the session of one process."""
        settings = selection.settings
        ledger = Ledger(settings.directory, worker)
        pending: list[Evidence] = []
        cassettes = Cassettes(settings, world, worker) if settings.mode != "run" else None
        session = Session(
            world,
            selection.contract,
            requirements=selection.requirements,
            record=pending.append,
            directory=settings.directory,
            worker=worker,
            redaction_key=redaction_key(settings, world),
            clock=SystemClock(),
            script=cassettes.script if cassettes else None,
            pseudonymise=settings.pseudonymise,
            settled=settings.mode == "replay",
        )
        if settings.pseudonymise:
            session.redactor.sent(own_words(selection.requirements.values(), selection.cases))
        if cassettes is not None:
            cassettes.attach(session)
        plain = redact_logs(session.redactor.text)
        return cls(selection, worker, ledger, session, pending=pending, cassettes=cassettes, log_records=plain)

    def drive(self, case: Case, number: int = 1) -> Drive:
        """What a test function acts through. In another repetition nothing counts as read already."""
        if number != self.round:
            self.round = number
            self.session.forget()
        if self.cassettes is not None and case.group != self.group:
            self.request_ids.clear()  # each group has a world of its own, which counts from the start
            self.group = case.group
        return self.session.drive(case)

    def judge(self, case: Case) -> Judge:
        """What a test function hands its subjects to."""
        requirement = self.selection.requirements.get((case.platform, case.resource or ""))
        return Judge(requirement.advisory if requirement else frozenset())

    def rig(self, drive: Drive) -> Rig:
        """The backend in its world, started once; the case of `drive` acts through it from now on."""
        if self.rigged is None:
            plan = self.selection.backend
            if plan is None:
                raise UsageError("no plan of a backend is part of this run")
            self.rigged = open_rig(plan, self.session.clock, self.selection.settings.backend_defects)
        self.rigged.rig.begin(drive)
        return self.rigged.rig

    def record(self, result: CaseResult) -> None:
        """Append a case's evidence, then its result. Long lists are cut, unless a finding or a later case needs them:
        a run of thousands of cases would write hundreds of megabytes that nobody reads."""
        self.flush(whole=bool(result.findings))
        self.recorded.add(result.id)
        self.ledger.case(result)

    def flush(self, *, whole: bool) -> None:
        """Write the evidence that waits."""
        for item in self.pending:
            self.ledger.evidence(item if whole or item.id in self.session.whole else item.brief())
        self.pending.clear()

    def record_setup_error(self, case: Case, report: pytest.TestReport) -> None:
        """A case whose fixtures failed: it never started, and that is an error of the harness."""
        if case.id in self.recorded:
            return
        self.record(
            CaseResult(
                id=case.id,
                kind=case.kind,
                platform=case.platform,
                resource=case.resource,
                detail=case.detail,
                plans=case.plans,
                outcome=CaseOutcome.ERROR,
                reason=self.redact(f"could not start: {report.longreprtext.strip().splitlines()[-1]}"),
                findings=(),
                evidence=(),
                requests=0,
                duration=round(report.duration, 4),
                worker=self.worker,
            )
        )

    def redact(self, text: str) -> str:
        """`text` without any secret that this process knows."""
        return self.session.redactor.text(text)

    def close(self) -> list[LeftBehind]:
        """Clean up what this process created, close everything; what stays on the target is returned."""
        try:
            if self.cassettes is not None:
                self.cassettes.pause()
            if self.selection.settings.target == "emulator" or self.selection.settings.mode == "replay":
                return []  # the emulator of this run ends with it, and all that it holds
            left = self.session.cleanup() if self.selection.settings.cleanup else self.session.left_behind()
            return [
                LeftBehind(platform=item.platform, resource=item.resource, id=item.id, why=item.why, case=item.case)
                for item in left
            ]
        finally:
            self.flush(whole=True)
            if self.rigged is not None:
                self.rigged.close()
            self.session.close()
            self.ledger.close()
            logging.setLogRecordFactory(self.log_records)
            if self.cassettes is not None:
                self.cassettes.close()
