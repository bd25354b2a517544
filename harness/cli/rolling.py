"""What `golive rollout` does once its arguments are settings: look into the ledger, prepare, play, judge, write."""

import json
import os
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from harness.cli.rollout_judge import judge_samples
from harness.cli.rollout_report import Told, make_report, reasons_of
from harness.cli.rollout_work import environment_of, planned_requests, prepare
from harness.contract import load_contract
from harness.core import Strength
from harness.core.measurement import GateState, StageOutcome
from harness.drive import World, discover, resolve_target
from harness.emulator import EmulatorProcess, EmulatorSettings
from harness.errors import TargetUnreachable, UsageError
from harness.plan.rollout import Rollout, Stage
from harness.report.rollout import RolloutReport, write_rollout_report
from harness.report.rollout_ledger import LEDGER_FILE, LedgerEntry, append_entry, latest, read_ledger
from harness.rollout.backend import Queue, look
from harness.rollout.capacity import plan_capacity
from harness.rollout.demand import limit_of
from harness.rollout.judging import Circumstances, judge_gates, lost_for_good, outcome, why_invalid
from harness.rollout.measuring import Measured, read_windows
from harness.rollout.process import SAMPLES, WINDOWS, Played, clear, play
from harness.rollout.work import Work

LOCUSTFILE = Path(__file__).resolve().parents[2] / "loadtests" / "locustfile.py"
TELL_EVERY = 5.0
LOOK_EVERY = 1.0


@dataclass(frozen=True)
class RollSettings:
    """What the command line says. `say` is told a line of progress now and then."""

    out: Path
    target: str
    command: str
    workers: int = 1
    play: float | None = None
    live: bool = False
    live_writes: bool = False
    backend: str | None = None
    backend_version: str | None = None
    slots: str | None = None
    defects: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    emulator: Mapping[str, str] = field(default_factory=dict)
    say: Callable[[str], None] = lambda _line: None

    @property
    def ledger(self) -> Path:
        """Where the ledger is."""
        return self.out / LEDGER_FILE


def roll(plan: Rollout, stage: Stage, settings: RollSettings) -> RolloutReport:
    """The load test ahead of one stage, from the question whether it may start to its entry in the ledger."""
    backend_version = _backend_version(settings)
    may_start(plan, stage, settings, backend_version)
    emulator = _emulator(plan, settings) if settings.target == "emulator" else None
    try:
        environ = dict(os.environ) if emulator is None else {**os.environ, **emulator.environment()}
        target = resolve_target(settings.target, environ=environ, settings_file=Path("golive.toml"))
        if target.strength is Strength.LIVE and not settings.live:
            raise UsageError(f"{target.base_url} is a live API. A load test of it needs --i-know-this-is-live")
        world = discover(target, plan.platforms, rate="off")
        return _roll(plan, stage, settings, world, environ, backend_version)
    finally:
        if emulator is not None:
            emulator.stop()


def may_start(plan: Rollout, stage: Stage, settings: RollSettings, backend_version: str) -> None:
    """UsageError when the stage before was not promoted on this version of plan and backend, on this target."""
    before = plan.before(stage)
    if before is None:
        return
    entries = read_ledger(settings.ledger)
    found = latest(entries, before.stage, digest=plan.digest, backend=backend_version, target=settings.target)
    if found is None:
        other = next((entry for entry in reversed(entries) if entry.stage == before.stage), None)
        why = "was not tested" if other is None else (
            f"was tested on another version (plan {other.digest[:12]}, backend {other.backend}, target {other.target})"
        )  # fmt: skip
    elif found.outcome is StageOutcome.PROMOTE:
        return
    else:
        why = f"was not promoted on {found.at}: {found.outcome}"
    raise UsageError(
        f"stage {stage.stage} may not start: stage {before.stage} {why}. This is plan {plan.digest[:12]}, backend "
        f"{backend_version}, target {settings.target}. First: golive rollout {before.stage}"
    )


def _roll(
    plan: Rollout, stage: Stage, settings: RollSettings, world: World, environ: Mapping[str, str], backend_version: str
) -> RolloutReport:
    started, began = datetime.now(UTC), time.monotonic()
    folder = settings.out / f"{stage.stage}-{started:%Y%m%dT%H%M%SZ}"
    folder.mkdir(parents=True, exist_ok=True)
    clear(folder)
    settings.say(f"{stage.stage}: preparing the requests")
    work = prepare(
        plan,
        stage,
        world,
        folder,
        workers=settings.workers,
        play=settings.play,
        backend=settings.backend,
        writes=world.target.strength is not Strength.LIVE or settings.live_writes,
        slots=settings.slots,
    )
    _arrivals(world)  # from here on the emulator counts only what the test sends
    settings.say(f"{stage.stage}: {work.planned:,} arrivals in {work.seconds:g} s, from {work.workers} process(es)")
    watcher = _Watcher(plan, stage, settings, work, _previous(plan, stage, settings, backend_version))
    played = play(work, folder, LOCUSTFILE, {**environ, **environment_of(world)}, watcher)
    watcher.look()
    report = _judge(plan, stage, settings, world, work, folder, played, watcher, backend_version,
                    started.isoformat(timespec="seconds"), time.monotonic() - began)  # fmt: skip
    write_rollout_report(report, folder)
    append_entry(
        settings.ledger,
        LedgerEntry(
            at=report.started_at,
            plan=plan.rollout,
            digest=plan.digest,
            stage=stage.stage,
            target=settings.target,
            strength=report.strength,
            backend=backend_version,
            outcome=report.outcome,
            reasons=report.reasons[:5],
            limited=played.measured.total("limited"),
            feasible=plan_capacity(plan, stage).feasible,
            report=folder.name,
        ),
    )
    return report


def _judge(
    plan: Rollout,
    stage: Stage,
    settings: RollSettings,
    world: World,
    work: Work,
    folder: Path,
    played: Played,
    watcher: "_Watcher",
    backend_version: str,
    started: str,
    elapsed: float,
) -> RolloutReport:
    samples = judge_samples(folder / SAMPLES, load_contract())
    around = watcher.around(over=True, judged=samples.judged, refused=samples.refused, messages=samples.messages)
    gates = stage.parsed_gates
    results = judge_gates(gates, played.measured, around)
    invalid = why_invalid(plan.validity, played.measured, workers=work.workers, done=played.done)
    if played.stopped is not None:
        # Ended early on purpose: what was not sent, and who did not finish, follows from that.
        invalid = tuple(reason for reason in invalid if "planned arrivals" not in reason and "finish" not in reason)
    invalid = (*played.problems, *invalid)
    verdict = outcome(stage, results, gates, invalid)
    lost = any(result.state is GateState.LOST for result in results)
    told = Told(
        command=settings.command,
        started_at=started,
        elapsed=elapsed,
        outcome=verdict,
        reasons=(
            *((f"stopped early: {played.stopped}",) if played.stopped else ()),
            *reasons_of(verdict, results, invalid),
        ),
        next=_next(plan, stage, verdict),
        gates=results,
        invalid=invalid,
        problems=tuple(played.problems),
        backend=settings.backend,
        backend_version=backend_version,
        decided=lost,
    )
    return make_report(plan, stage, world, work, played.measured, told, arrivals=_arrivals(world), queue=watcher.queue)


class _Watcher:
    """Looks at a running test: progress, the backend's queue, gates that are lost for good."""

    def __init__(
        self, plan: Rollout, stage: Stage, settings: RollSettings, work: Work, previous: Measured | None
    ) -> None:
        self._plan, self._stage, self._settings, self._work = plan, stage, settings, work
        self._previous = previous
        self._told = self._looked = 0.0
        self._elapsed = 0.0
        self.queue = Queue() if settings.backend else None
        self.look()

    def __call__(self, measured: Measured, elapsed: float) -> str | None:
        self._elapsed = elapsed
        if elapsed - self._looked >= LOOK_EVERY:
            self._looked = elapsed
            self.look()
        if elapsed - self._told >= TELL_EVERY:
            self._told = elapsed
            p99 = measured.quantile("latency", 0.99)
            self._settings.say(
                f"{self._stage.stage}: {elapsed:.0f} of {self._work.seconds:g} s, {measured.total('sent'):,} sent, "
                f"p99 {'-' if p99 is None else f'{p99 * 1000:.0f} ms'}, {measured.total('errors')} errors, "
                f"{measured.total('limited')} × 429"
            )
        lost = lost_for_good(self._stage.parsed_gates, measured, self.around(over=False))
        return f"gate {lost[0].gate} cannot be won back: {lost[0].seen}" if lost else None

    def look(self) -> None:
        """Ask the backend for its queue, where there is one."""
        if self.queue is not None and self._settings.backend:
            self.queue.states.append((self._elapsed, look(self._settings.backend)))

    def around(self, *, over: bool, judged: int = 0, refused: int = 0, messages: tuple[str, ...] = ()) -> Circumstances:
        """What the gates are judged with."""
        limit = limit_of(self._plan)
        return Circumstances(
            planned=planned_requests(self._work),
            seconds=self._work.seconds,
            limit=limit.requests,
            window=limit.window,
            over=over,
            previous=self._previous,
            judged=judged,
            refused=refused,
            queue=self.queue,
            backend_required=self._plan.backend_required,
            check_messages=messages,
        )


def _previous(plan: Rollout, stage: Stage, settings: RollSettings, backend_version: str) -> Measured | None:
    """What the stage before measured, from the windows that its test left."""
    before = plan.before(stage)
    if before is None:
        return None
    entry = latest(read_ledger(settings.ledger), before.stage, digest=plan.digest, backend=backend_version,
                   target=settings.target)  # fmt: skip
    windows = read_windows(settings.out / entry.report / WINDOWS) if entry else []
    return Measured.of(windows) if windows else None


def _emulator(plan: Rollout, settings: RollSettings) -> EmulatorProcess:
    limit = limit_of(plan)
    own = EmulatorSettings(
        rate_limit=limit.requests, rate_window=limit.window, defects=settings.defects, faults=settings.faults
    )
    return EmulatorProcess.start(own.with_options(settings.emulator))


def _arrivals(world: World) -> dict[int, int] | None:
    """Arrivals that an emulator counted since the last question, by bin from the first; None for another target."""
    if world.target.strength is not Strength.EMULATED:
        return None
    split = urlsplit(world.target.base_url)
    url = f"{split.scheme}://{split.netloc}/_emulator/arrivals"
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - a loopback URL of a resolved target
            told = json.loads(answer.read())["arrivals"]
    except (OSError, ValueError, KeyError):
        return None  # not an emulator of this version: the comparison is then not shown
    places = {int(place): int(count) for place, count in told.items()}
    first = min(places, default=0)
    return {place - first: count for place, count in places.items()}


def _backend_version(settings: RollSettings) -> str:
    if settings.backend is None:
        return settings.backend_version or "none"
    state = look(settings.backend)
    version = settings.backend_version or state.version
    if version is None:
        raise TargetUnreachable(f"{settings.backend} does not tell its version; give it with --backend-version")
    return version


def _next(plan: Rollout, stage: Stage, verdict: StageOutcome) -> tuple[str, ...]:
    place = plan.stages.index(stage)
    if verdict is StageOutcome.PROMOTE:
        following = plan.stages[place + 1] if place + 1 < len(plan.stages) else None
        soak = f"# begin the stage, watch it for {stage.soak}"
        return (soak, f"golive rollout {following.stage}") if following else (soak,)
    if verdict is StageOutcome.ROLL_BACK and stage.failed.command:
        return (stage.failed.command,)
    return (f"golive rollout {stage.stage}",)
