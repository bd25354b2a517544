"""A whole gauntlet: every scenario in order, then the diagnosis."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from harness.contract import Contract
from harness.contract.loader import suggest
from harness.core import iso_utc
from harness.errors import UsageError
from harness.gauntlet.aiming import Aim
from harness.gauntlet.diagnosis import diagnose
from harness.gauntlet.effects import burst, event_names, prompt, slow_sender
from harness.gauntlet.firing import Receiver
from harness.gauntlet.keeping import (
    distinct_events,
    duplicates,
    durable,
    kept,
    no_effect,
    reordering,
    replay,
    retry,
    survives,
)
from harness.gauntlet.model import GauntletReport, ScenarioResult, Shot, Standing
from harness.gauntlet.payloads import Source, compact, event_types, family, sign
from harness.gauntlet.scenarios import PROBED, SIMPLE, Range, undecided, valid_events

WITH_EFFECTS: tuple[Callable[[Range], ScenarioResult], ...] = (
    event_names, prompt, slow_sender, durable, duplicates, distinct_events, reordering, retry, burst, replay, no_effect,
)  # fmt: skip
"""Scenarios about time and effects, in the order they are played."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is fired. `events` empty: all types. Times in seconds."""

    events: tuple[str, ...] = ()
    burst: int = 5_000
    slow_seconds: float = 10.0
    prompt_seconds: float = 5.0
    patience: float = 30.0
    quiet: float = 1.0
    restart: Callable[[], None] | None = None
    """Kills the receiver and starts it again; without it what a kill loses is not looked for."""
    seed: int = 1


def run_gauntlet(
    receiver: Receiver, plan: Plan, contract: Contract, *, told: Callable[[ScenarioResult], None] = lambda _: None
) -> GauntletReport:
    """Play every scenario; `told` hears of each as it ends. Raises UsageError for an unknown event type, and
    TargetUnreachable when nothing listens."""
    known = event_types(contract)
    for name in plan.events:
        if name not in known:
            raise UsageError(f'unknown event type "{name}"{suggest(name, known)}')
    receiver.reach()
    started = iso_utc(receiver.clock.now())
    # Ids must be new in every run: a receiver that de-duplicates would know those of the last one.
    now = receiver.clock.now()
    source = Source(plan.seed + round(now.timestamp() * 1000), now)
    place = Range(
        receiver, Aim(source, receiver.secret), plan.events or known, plan.burst, plan.slow_seconds,
        plan.prompt_seconds, plan.patience, plan.quiet, chosen=bool(plan.events),
        restart=plan.restart,
    )  # fmt: skip
    results = []
    for scenario in (valid_events, kept, *SIMPLE, *WITH_EFFECTS, *((survives,) if plan.restart else ())):
        results.append(_played(scenario, place))
        told(results[-1])
    if not place.halted and not all(item.accepted for item in place.landed["valid_events"]):
        place.fire("swapped_names", [_swapped(place.aim, code) for code in PROBED])
    faults = diagnose(place, results)
    return GauntletReport(receiver.url, started, tuple(results), faults, receiver.shots)


def _played(scenario: Callable[[Range], ScenarioResult], place: Range) -> ScenarioResult:
    """One scenario, unless nothing more can be fired; afterwards a look whether the receiver is still there."""
    name = scenario.__name__
    if place.halted:
        return undecided(name, name.replace("_", " "), "", place.halted, "Mend that first")
    result = scenario(place)
    if place.halted is None and result.standing is Standing.FAILED and not place.receiver.comes_back(place.patience):
        place.halted = f"nothing listens any more since {name}"
        place.ended = name
    return result


def _swapped(aim: Aim, code: str) -> Shot:
    """An event with its names in each other's place: only who reads `type` as the event takes it for a known one."""
    body = {**aim.source.body(code), "type": code, "code": family(code)}
    content = compact(body)
    return aim.shot(f"{code} in `type`", body, content, sign(content, aim.secret))


def dumps(report: GauntletReport) -> str:
    """The report as a file for programs."""
    return json.dumps(report.to_json(), indent=1, ensure_ascii=False) + "\n"
