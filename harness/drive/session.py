"""One per worker: the client, the redactor, what was already read, the journal."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from harness.client import ApiClient, Call, NoBudget, RateBudget, SharedBudget, parse_rate
from harness.client.jobs import PATIENCE
from harness.contract import Contract
from harness.core import Clock, Evidence, Exchange, FreeScript, Redactor, Script
from harness.drive.cleanup import clean_up
from harness.drive.drive import Drive
from harness.drive.idempotency import keys
from harness.drive.journal import NAME, Journal, Remains, made_beside, standing
from harness.drive.outage import Outage
from harness.drive.requests import LISTING
from harness.drive.results import First, Walk
from harness.drive.sightings import Sightings
from harness.drive.world import World
from harness.plan.case import Case, Requirement

JOURNAL_LOOKS, JOURNAL_PAUSE = 10, 0.05
"""How often and how many seconds apart the journals of other workers are looked at."""
KEY_AGE = 1.2
"""Seconds after which a key must still be known; how long it is kept at all is UNKNOWN."""


class Session:
    """What the cases of one worker share. `record` is given every piece of evidence as it is made.

    `whole` are the ids of evidence that later cases judge too. By (platform, resource): `snapshots` are whole lists,
    `known` the ids that are no news, `workpieces` the object that cases change one after the other. `sightings` holds
    every object as it was read last; `gone` maps ids that were deleted to the evidence of that; `firsts` are the first
    writes under a key, to be repeated late; `uniques` the unique texts sent, by platform; `made` maps the ids of
    this run's objects to the case that made them; `strangers` are those that an answer gave for one
    of them and that were there before; `owes_listing` says that the list of connections was malformed when the run
    began and that no case has asked for it yet; `asked` counts requests by
    platform and resource, `failed` those answered 5xx, `throttled` those answered 429; `choices` are the rows of a
    snapshot that templates may name; `ended` maps the path of each job that has ended to its status and the evidence;
    `events_lost` says that an event of a deletion did not come in time, `platform_limited` counts reads answered 452.
    `cursors` maps what evidence shows of a cursor that holds a secret to the cursor: in memory only.
    """

    def __init__(
        self,
        world: World,
        contract: Contract,
        *,
        requirements: Mapping[tuple[str, str], Requirement],
        record: Callable[[Evidence], None],
        directory: Path,
        worker: str,
        redaction_key: bytes,
        clock: Clock,
        script: Script | None = None,
        pseudonymise: bool = False,
        settled: bool = False,
    ) -> None:
        self.world = world
        self.contract = contract
        self.requirements = requirements
        self.script = script or FreeScript(clock)
        self.clock = self.script.clock
        self.redactor = Redactor(redaction_key, prefix=worker, pseudonymise=pseudonymise, settled=settled)
        self.snapshots: dict[tuple[str, str], Walk] = {}
        self.whole: set[str] = set()
        self.known: dict[tuple[str, str], set[str]] = {}
        self.workpieces: dict[tuple[str, str], str] = {}
        self.sightings = Sightings(contract)
        self.gone: dict[tuple[str, str], dict[str, str]] = {}
        self.firsts: dict[tuple[str, str], First] = {}
        self.uniques: dict[str, set[str]] = {}
        self.made: dict[str, str] = {}
        self.choices: dict[tuple[str, str, str], tuple[Walk, list[Mapping[str, Any]]]] = {}
        self.strangers: set[str] = set()
        self.cursors: dict[str, str] = {}
        self.failures: dict[tuple[str | None, ...], int] = {}
        self.patience = PATIENCE
        self.asked: Counter[tuple[str | None, str | None]] = Counter()
        self.failed: Counter[tuple[str | None, str | None]] = Counter()
        self.throttled = 0
        self.ended: dict[str, tuple[str, str]] = {}
        self.events_lost = False
        self.platform_limited = 0
        self.owes_listing = world.malformed is not None
        self.outage = Outage(self.clock)
        self._keys = keys()
        self._waited = False
        self.journal = Journal(directory, worker)
        self._directory = directory
        self._worker = worker
        self._journal_path = directory / "workers" / worker / NAME
        self._record = record
        self._lock = threading.Lock()
        self._listener: Callable[[Evidence, Any], None] | None = None
        self._case: str | None = None
        self._learn()
        self.client: ApiClient[Evidence] = ApiClient(
            world.target.base_url,
            budget=_budget(world.rate, directory),
            clock=self.clock,
            record=self.keep,
            seed=sum(worker.encode()),
        )

    def send(self, call: Call, *, retry: bool = True) -> Evidence:
        """Send a call and give the evidence of its last attempt. Raises TargetUnreachable when the target is gone."""
        return self.outage.send(
            lambda: self.client.send(call, retry=retry), lambda: self.client.send(call, retry=False)
        )

    def look_for_target(self) -> None:
        """Ask for something that every target answers; what it answers does not matter. Raises TargetUnreachable."""
        target = self.world.target
        headers = {"Authorization": target.credentials.header(), "X-Rutter-Version": target.version}
        self.outage.look(lambda: self.client.send(Call("GET", LISTING, headers=headers), retry=False))

    def new_key(self) -> str:
        """An idempotency key that no write of this run had."""
        if self.script.in_order:
            return self.script.uuid()
        with self._lock:
            return next(self._keys)

    def let_pass(self, since: float) -> None:
        """Wait until some time has passed since a moment: once per worker, so that a run pays for it once."""
        missing = since + KEY_AGE - self.clock.monotonic()
        if missing > 0 and not self._waited:
            self._waited = True
            self.clock.sleep(missing)

    def drive(self, case: Case) -> Drive:
        """The drive of a case; from now on evidence belongs to it."""
        if self.script.begin(case.group, case.id):
            self._begin_anew()
        drive = Drive(self, case, case.platform)
        self.listen(case.id, drive.keep)
        return drive

    def listen(self, case: str | None, listener: Callable[[Evidence, Any], None] | None) -> None:
        """Say which case the next evidence belongs to, and who is told of it with the raw body."""
        self._case, self._listener = case, listener

    def keep_plan(self, name: str, text: str) -> None:
        """Write a plan that a case found, into `found/` of the output directory, without any secret."""
        folder = self._directory / "found"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.yaml").write_text(self.redactor.text(text), encoding="utf-8")

    def forget(self) -> None:
        """Drop everything that was read: the target may answer otherwise from now on."""
        for read in (self.snapshots, self.known, self.workpieces, self.gone, self.firsts, self.uniques):
            read.clear()
        self.whole.clear()
        self.sightings.forget()
        self.asked.clear()
        self.failed.clear()

    def _begin_anew(self) -> None:
        """Know nothing: what a group does depends on no other group, and the ids of its world may be those of others
        again."""
        self.forget()
        for known in (self.made, self.choices, self.strangers, self.failures, self.ended):
            known.clear()
        self.patience = PATIENCE

    def made_by_nobody(self, ids: Iterable[str]) -> frozenset[str]:
        """Which of these objects no worker of this run made. Another worker creates on this connection too, when it
        tries a key on it: its journal says so a moment after its object is listed, and is waited for."""
        left = frozenset(ids) - self.made.keys()
        if self.script.in_order:
            return left  # the world of a group is its own
        for _ in range(JOURNAL_LOOKS):
            left -= made_beside(self._directory, self._worker, left)
            if not left:
                break
            self.clock.sleep(JOURNAL_PAUSE)
        return left

    def cleanup(self) -> list[Remains]:
        """Delete what this worker created, newest first, where the platform allows it; return what remains."""
        self.listen("cleanup", None)
        return clean_up(self, standing(self._journal_path))

    def left_behind(self) -> list[Remains]:
        """What this worker created and did not delete, without touching it."""
        return [
            Remains(item.platform, item.resource, item.id, "cleanup was switched off", item.case)
            for item in standing(self._journal_path)
        ]

    def close(self) -> None:
        """Close the client and the journal."""
        self.client.close()
        self.journal.close()

    def _learn(self) -> None:
        target = self.world.target
        self.redactor.learn("client_id", target.credentials.client_id.reveal())
        self.redactor.learn("client_secret", target.credentials.client_secret.reveal())
        for token in (*target.tokens.values(), *(item.access_token for item in self.world.connections.values())):
            self.redactor.learn("access_token", token.reveal())

    def keep(self, exchange: Exchange, **tags: str) -> Evidence:
        """Make an exchange evidence of the case under way, record it, tell the listener."""
        with self._lock:
            evidence = self.redactor.evidence(exchange, case=self._case, **tags)
            self._record(evidence)
            if self._listener is not None:
                self._listener(evidence, exchange.response.body if exchange.response else b"")
            return evidence


def _budget(rate: str, directory: Path) -> RateBudget:
    parsed = parse_rate(rate)
    return NoBudget() if parsed is None else SharedBudget(*parsed, directory / "workers" / "rate.sqlite3")
