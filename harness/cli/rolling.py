"""What `golive rollout` does once its arguments are settings: look into the ledger, prepare, play, judge, write."""

import os
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from harness.cli.rollout_judge import judge_samples
from harness.cli.rollout_parts import REFERENCE, Parts, emulated_parts, reference_version
from harness.cli.rollout_rehearsal import Rehearsal, rehearse, with_rehearsal
from harness.cli.rollout_report import Told, make_report, reasons_of
from harness.cli.rollout_start import alone_in, may_start, reservations
from harness.cli.rollout_watch import Watcher, Webhooks
from harness.cli.rollout_work import Wanted, environment_of, prepare
from harness.contract import load_contract
from harness.core import Strength
from harness.core.measurement import GateState, StageOutcome
from harness.drive import World, discover, resolve_target
from harness.emulator import EmulatorSettings
from harness.errors import TargetUnreachable, UsageError
from harness.plan.rollout import Rollout, Stage
from harness.report.atomic import writable
from harness.report.rollout import RolloutReport, write_rollout_report
from harness.report.rollout_ledger import LEDGER_FILE, LedgerEntry, append_entry, latest, read_ledger
from harness.rollout.backend import look
from harness.rollout.capacity import plan_capacity
from harness.rollout.demand import limit_of
from harness.rollout.emulated import Emulated
from harness.rollout.judging import judge_gates, outcome, why_invalid
from harness.rollout.measuring import Measured, read_windows
from harness.rollout.process import SAMPLES, WINDOWS, Played, clear, play
from harness.rollout.work import Work

LOCUSTFILE = Path(__file__).resolve().parents[2] / "loadtests" / "locustfile.py"


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
    rehearse: bool = False
    defects: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    emulator: Mapping[str, str] = field(default_factory=dict)
    abuse: Mapping[str, float] = field(default_factory=dict)
    say: Callable[[str], None] = lambda _line: None

    @property
    def ledger(self) -> Path:
        """Where the ledger is."""
        return self.out / LEDGER_FILE


def roll(plan: Rollout, stage: Stage, settings: RollSettings) -> RolloutReport:
    """The load test ahead of one stage, from the question whether it may start to its entry in the ledger."""
    began, backend_version = time.monotonic(), _backend_version(settings)
    may_start(plan, stage, settings.out, settings.target, backend_version)
    rehearsal = rehearse(stage) if settings.rehearse else None
    writable(settings.out)
    with alone_in(settings.out), _parts(plan, settings) as parts:
        target = resolve_target(settings.target, environ=parts.environ, settings_file=Path("golive.toml"))
        if target.strength is Strength.LIVE and not settings.live:
            raise UsageError(f"{target.base_url} is a live API. A load test of it needs --i-know-this-is-live")
        if settings.abuse and (target.strength is not Strength.EMULATED or parts.backend is None):
            raise UsageError("--abuse is about the webhooks of an emulator to a backend: give --backend as well")
        world, started = discover(target, plan.platforms, rate="off"), datetime.now(UTC)
        folder = settings.out / f"{stage.stage}-{started:%Y%m%dT%H%M%SZ}"
        return _tested(_Trial(plan, stage, settings, parts, world, backend_version, folder, started, began, rehearsal))


def _parts(plan: Rollout, settings: RollSettings) -> AbstractContextManager[Parts]:
    if settings.target == "emulator":
        settings.say("starting the emulator" + (" and the reference backend" * (settings.backend == REFERENCE)))
        return emulated_parts(plan, _emulator(plan, settings), settings.backend)
    return nullcontext(Parts(dict(os.environ), settings.backend))


@dataclass(frozen=True)
class _Trial:
    """One load test: what for, with whom, where its files go, and when it began (`at` is of the monotonic clock)."""

    plan: Rollout
    stage: Stage
    settings: RollSettings
    parts: Parts
    world: World
    backend_version: str
    folder: Path
    started: datetime
    at: float
    rehearsal: Rehearsal | None

    @property
    def emulated(self) -> Emulated | None:
        """The control plane of an emulated target."""
        return Emulated(self.world.target.base_url) if self.world.target.strength is Strength.EMULATED else None


@dataclass(frozen=True)
class _Ended:
    """What a load test left."""

    work: Work
    played: Played
    watcher: Watcher
    arrivals: Mapping[int, int] | None


def _tested(trial: _Trial) -> RolloutReport:
    trial.folder.mkdir(parents=True, exist_ok=True)
    clear(trial.folder)
    ended, rehearsal = _play(trial), trial.rehearsal
    report = _judge(trial, ended)
    digest = write_rollout_report(report, trial.folder)
    append_entry(
        trial.settings.ledger,
        LedgerEntry(
            at=report.started_at,
            plan=trial.plan.rollout,
            digest=trial.plan.digest,
            stage=trial.stage.stage,
            target=trial.settings.target,
            strength=report.strength,
            backend=trial.backend_version,
            outcome=report.outcome,
            reasons=report.reasons[:5],
            limited=ended.played.measured.total("limited"),
            feasible=plan_capacity(trial.plan, trial.stage).feasible,
            report=trial.folder.name,
            report_hash=digest,
            rollback_seconds=rehearsal.took if rehearsal is not None and rehearsal.problem is None else None,
        ),
    )
    return report


def _play(trial: _Trial) -> _Ended:
    settings, name, emulated = trial.settings, trial.stage.stage, trial.emulated
    settings.say(f"{name}: preparing the requests")
    webhooks = Webhooks(trial.parts.backend, emulated) if trial.parts.backend is not None else None
    try:
        work = prepare(trial.plan, trial.stage, trial.world, trial.folder, _wanted(trial))
        if webhooks is not None:
            webhooks.begin()
        if emulated is not None:
            emulated.arrivals()  # from here on it counts only what the test causes
            if settings.abuse:
                emulated.abuse(settings.abuse)
        settings.say(f"{name}: {work.planned:,} arrivals in {work.seconds:g} s, from {work.workers} process(es)")
        previous = _previous(trial.plan, trial.stage, settings, trial.backend_version)
        watcher = Watcher(trial.plan, trial.stage, work, previous, webhooks, settings.say)
        environ = {**trial.parts.environ, **environment_of(trial.world, settings.slots)}
        played = play(work, trial.folder, LOCUSTFILE, environ, watcher)
        arrivals = emulated.arrivals() if emulated is not None else None
        if webhooks is not None:
            settings.say(f"{name}: waiting for the backend to work off its webhooks")
            webhooks.end(watcher.elapsed)
    finally:
        if webhooks is not None:
            webhooks.close()
    return _Ended(work, played, watcher, arrivals)


def _wanted(trial: _Trial) -> Wanted:
    settings, emulated = trial.settings, trial.emulated
    return Wanted(
        workers=settings.workers,
        seconds=settings.play,
        writes=emulated is not None or settings.live_writes,
        backend=trial.parts.backend,
        emit_url=emulated.emit_url if emulated is not None and trial.parts.backend is not None else None,
        slots=settings.slots,
    )


def _judge(trial: _Trial, ended: _Ended) -> RolloutReport:
    plan, stage, played = trial.plan, trial.stage, ended.played
    samples = judge_samples(trial.folder / SAMPLES, load_contract())
    around = ended.watcher.around(over=True, judged=samples.judged, refused=samples.refused, messages=samples.messages)
    gates = stage.parsed_gates
    results = judge_gates(gates, played.measured, around)
    invalid = _invalid(plan, ended)
    judged = outcome(stage, results, gates, invalid)
    verdict, rollback = with_rehearsal(stage, judged, trial.rehearsal)
    reserved = tuple(reservations(plan, stage, ended.work)) if judged is StageOutcome.PROMOTE else ()
    verdict = StageOutcome.HOLD if reserved and verdict is StageOutcome.PROMOTE else verdict
    told = Told(
        command=trial.settings.command,
        started_at=trial.started.isoformat(timespec="seconds"),
        elapsed=time.monotonic() - trial.at,
        outcome=verdict,
        reasons=(
            *((f"stopped early: {played.stopped}",) if played.stopped else ()),
            *reserved,
            *((rollback,) if rollback and verdict is not judged else ()),  # what decides stands first
            *reasons_of(judged, results, invalid),
            *((rollback,) if rollback and verdict is judged else ()),
        ),
        next=_next(plan, stage, verdict, rehearsed=trial.rehearsal is not None),
        gates=results,
        invalid=invalid,
        problems=tuple(played.problems),
        backend=trial.settings.backend,
        backend_version=trial.backend_version,
        interrupted=played.interrupted,
        decided=any(result.state is GateState.LOST for result in results)
        or (trial.rehearsal is not None and trial.rehearsal.problem is not None),
    )
    return make_report(
        plan, stage, trial.world, ended.work, played.measured, told, arrivals=ended.arrivals, queue=around.queue
    )


def _invalid(plan: Rollout, ended: _Ended) -> tuple[str, ...]:
    played = ended.played
    work = ended.work
    expected = sum(flow.count for flow in work.flows if flow.of != "webhook")
    reasons = why_invalid(plan.validity, played.measured, workers=work.workers, done=played.done, expected=expected)
    if played.stopped is not None:
        # Ended early on purpose: what was not sent, and who did not finish, follows from that.
        reasons = tuple(reason for reason in reasons if "planned arrivals" not in reason and "finish" not in reason)
    return (*played.problems, *reasons)


def _previous(plan: Rollout, stage: Stage, settings: RollSettings, backend_version: str) -> Measured | None:
    """What the stage before measured, from the windows that its test left."""
    before = plan.before(stage)
    if before is None:
        return None
    entry = latest(read_ledger(settings.ledger), before.stage, digest=plan.digest, backend=backend_version,
                   target=settings.target)  # fmt: skip
    windows = read_windows(settings.out / entry.report / WINDOWS) if entry else []
    return Measured.of(windows) if windows else None


def _emulator(plan: Rollout, settings: RollSettings) -> EmulatorSettings:
    """An emulator under the plan's limit, as the command line wants it. New connections have their books at once."""
    limit = limit_of(plan)
    own = EmulatorSettings(
        rate_limit=limit.requests,
        rate_window=limit.window,
        defects=settings.defects,
        faults=settings.faults,
        initial_batch_seconds=0.1,
    )
    if settings.backend == REFERENCE:
        own = replace(own, connections=())  # the reference backend is linked to connections of its own
    return own.with_options(settings.emulator)


def _backend_version(settings: RollSettings) -> str:
    if settings.backend is None:
        return settings.backend_version or "none"
    if settings.backend == REFERENCE:
        return settings.backend_version or reference_version()
    state = look(settings.backend)
    version = settings.backend_version or state.version
    if version is None:
        raise TargetUnreachable(f"{settings.backend} does not tell its version; give it with --backend-version")
    return version


def _next(plan: Rollout, stage: Stage, verdict: StageOutcome, *, rehearsed: bool) -> tuple[str, ...]:
    place = plan.stages.index(stage)
    if verdict is StageOutcome.PROMOTE:
        following = plan.stages[place + 1] if place + 1 < len(plan.stages) else None
        soak = f"# begin the stage, watch it for {stage.soak}"
        return (soak, f"golive rollout {following.stage}") if following else (soak,)
    if verdict is StageOutcome.ROLL_BACK and stage.failed.command:
        return (stage.failed.command,)
    option = " --rehearse" if stage.failed.rehearse or rehearsed else ""
    return (f"golive rollout {stage.stage}{option}",)
