"""The process that controls a run: opens the world, writes `run.json` and `end.json`, folds the report."""

import platform as machine
import shutil
import subprocess
from collections.abc import Mapping
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from harness.core import CaseOutcome, iso_utc
from harness.drive import World
from harness.errors import GoliveError, StorageError
from harness.plan import load_plan, resource_lines
from harness.pytest_plugin.collecting import Selection, checked
from harness.pytest_plugin.events import Events
from harness.pytest_plugin.keeping import begin, install
from harness.pytest_plugin.replays import doubts
from harness.pytest_plugin.world import OpenWorld, open_world
from harness.report import EndRecord, RunRecord, write_report
from harness.report.declared import declare
from harness.report.ledger import read_cases
from harness.report.run_record import ConnectionRecord, LeftBehind, plan_record

OWN_FILES = (
    "run.json",
    "end.json",
    "report.json",
    "report.html",
    "junit.xml",
    "evidence.ndjson",
    "summary.txt",
    "seal.json",
)
OWN_FOLDERS = ("workers", "allure-results", "inputs")


class Controller:
    """One per run. Registered with pytest so that it hears of every report."""

    def __init__(self, selection: Selection) -> None:
        self.selection = selection
        self.events = Events(selection.settings.events_fd)
        self.errors: list[str] = []
        self.doubts: list[str] = []
        self.left: list[LeftBehind] = []
        self._open: OpenWorld | None = None
        self._told: set[str] = set()
        self._saved: RunRecord | None = None

    @property
    def opened(self) -> bool:
        """Whether the world could be opened."""
        return self._open is not None

    @property
    def world(self) -> World:
        """The world of this run; only after `open`."""
        if self._open is None:
            raise RuntimeError("the world is not open")
        return self._open.world

    def open(self, workers: int) -> None:
        """Read the plans, clear the output directory, reach the target, write `run.json`. Raises GoliveError. From now
        on `selection` has names in the contract's spelling."""
        self.selection = checked(self.selection.settings)
        cases = self.selection.cases
        prepare(self.selection.settings.directory)
        self.events.send("phase", name="target")
        platforms = tuple(dict.fromkeys(case.platform for case in cases))
        self._open = open_world(self.selection.settings, platforms)
        self._saved = self._record(workers, platforms)
        self._saved.save(self.selection.settings.directory)
        if self.selection.settings.mode == "record":
            begin(self.selection.settings, self.world)
        self.events.send("collected", cases=len(cases) * self.selection.settings.repeat)

    def fatal(self, error: GoliveError) -> None:
        """Tell whoever started pytest why nothing was proven."""
        self.events.send("fatal", message=str(error), exit_status=int(error.exit_status))

    def worker_ended(self, worker: str, output: Mapping[str, Any] | None, error: Any) -> None:
        """Keep what an xdist worker says at its end; without a word it died."""
        told = (output or {}).get("golive")
        if told is None:
            self.errors.append(f"worker {worker} died: {error or 'no reason given'}")
            return
        self.left.extend(LeftBehind.model_validate(item) for item in told["left"])
        self.errors.extend(told["errors"])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Progress: one event per case that ended."""
        case_id = next((str(value) for key, value in report.user_properties if key == "golive_case"), None)
        if case_id is not None:
            self.ended(report.nodeid, case_id, report.outcome)

    def ended(self, nodeid: str, case_id: str, outcome: str = "passed") -> None:
        """A case ended, as a report says or, of one that passed, the scheduler; only the first word counts."""
        if nodeid not in self._told:
            self._told.add(nodeid)
            self.events.send("case", id=case_id, outcome=outcome)

    def finish(self, *, interrupted: bool) -> None:
        """Write `end.json` and the report files."""
        self.events.send("phase", name="report")
        directory = self.selection.settings.directory
        if self.selection.settings.mode == "record":
            self._install(interrupted=interrupted)
        now = datetime.now(UTC)
        if self.selection.settings.mode == "replay" and not interrupted:
            self._doubt(now.date())
        EndRecord(
            ended_at=iso_utc(now), interrupted=interrupted, errors=tuple(self.errors), doubts=tuple(self.doubts),
            left_behind=tuple(self.left),
        ).save(directory)  # fmt: skip
        report = write_report(directory)
        self.events.send("end", verdict=str(report.verdict))

    def _doubt(self, today: date) -> None:
        """Note what makes this replay another run than the recorded one."""
        try:
            self.doubts.extend(doubts(self.selection, today))
        except GoliveError as error:
            self.errors.append(str(error))

    def _install(self, *, interrupted: bool) -> None:
        """Write the cassettes of a run that could do its job; leave the journals of any other where they are."""
        settings = self.selection.settings
        if RunRecord.load(settings.directory) != self._saved:
            self.errors.append(
                f"no cassette was written: another run wrote into {settings.directory} meanwhile. Record again with "
                "another --out"
            )
            return
        failed = [case.id for case in read_cases(settings.directory) if case.outcome is CaseOutcome.ERROR]
        if interrupted or self.errors or failed:
            why = "the run was interrupted" if interrupted else (self.errors or failed)[0]
            kept = f"What was kept: golive cassettes recover {settings.directory} --into FOLDER"
            self.errors.append(f"no cassette was written, because of {why}. {kept}")
            return
        try:
            groups: dict[str, list[str]] = {}
            for case in self.selection.cases:
                groups.setdefault(case.group, []).append(case.id)
            install(settings, self.world, groups)
        except GoliveError as error:
            self.errors.append(str(error))

    def close(self) -> None:
        """Stop the emulator."""
        if self._open is not None:
            self._open.close()

    def _record(self, workers: int, platforms: tuple[str, ...]) -> RunRecord:
        selection, settings, world = self.selection, self.selection.settings, self.world
        plans = [(path, load_plan(path, selection.contract)) for path in selection.plan_paths]
        return RunRecord(
            golive=version("golive"),
            target=world.target.name,
            base_url=world.target.base_url,
            strength=world.target.strength,
            contract_version=selection.contract.version,
            started_at=iso_utc(datetime.now(UTC)),
            command=settings.command,
            python=machine.python_version(),
            git_commit=git_commit(),
            plans=tuple(plan_record(path, plan.plan, plan.title, resource_lines(path)) for path, plan in plans),
            platforms=platforms,
            resources=settings.resources,
            select=settings.select,
            workers=workers,
            repeat=settings.repeat,
            defects=(*settings.defects, *settings.backend_defects),
            connections=tuple(
                ConnectionRecord(
                    id=found.id if found else None,
                    platform=name,
                    status=found.status if found else None,
                    org_id=found.org_id if found else None,
                    problem=world.problems.get(name),
                )
                for name in platforms
                for found in [world.connections.get(name)]
            ),
            expected_cases=tuple(case.id for case in selection.cases),
            declared=declare(
                selection.contract, (case.resource for case in selection.cases if case.resource), platforms
            ),
        )


def prepare(directory: Path) -> None:
    """Make the output directory, and remove what an earlier run wrote there; nothing else is touched."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name in OWN_FILES:
            (directory / name).unlink(missing_ok=True)
        for name in OWN_FOLDERS:
            if (directory / name).is_dir():
                shutil.rmtree(directory / name)
    except OSError as error:
        raise StorageError(
            f"{directory}: cannot write there: {error.strerror or error}. Choose another --out"
        ) from error


def git_commit() -> str | None:
    """The commit of the working directory; None outside a repository or without git."""
    try:
        found = subprocess.run(
            ["git", "rev-parse", "HEAD"],  # noqa: S607 - whichever git the user has
            capture_output=True,
            text=True,
            check=False,
            timeout=10,
        )
    except OSError:
        return None
    return found.stdout.strip() or None
