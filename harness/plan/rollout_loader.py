"""plans/rollout.yaml to its model. All problems of the file are reported at once, each with its line."""

from collections.abc import Iterator
from pathlib import Path

from harness.contract import Contract
from harness.errors import PlanError, UsageError
from harness.plan.directives import Told
from harness.plan.gates import Gate, parse_gate
from harness.plan.loader import PLANS
from harness.plan.problems import Place, nearest, raise_all
from harness.plan.rollout import SCENARIOS, Rollout, Stage, Traffic, seconds
from harness.plan.validation import validated
from harness.plan.yaml_source import read_yaml

ROLLOUT = PLANS / "rollout.yaml"
STAND_INS = {"rollout": "unnamed", "title": "", "connections": 1}


def read_rollout(path: Path = ROLLOUT) -> Rollout:
    """The rollout plan with its names unchecked: enough to know its version and its stages."""
    loaded = validated(Rollout, read_yaml(path), STAND_INS)
    raise_all(loaded.problems)
    if loaded.model is None:
        raise PlanError("is no rollout plan", path=str(path))
    return loaded.model


def load_rollout(contract: Contract, path: Path = ROLLOUT) -> Rollout:
    """The rollout plan; the shipped one unless given. Names are held against the contract, gates are parsed, stages
    grow. Raises PlanError that lists every problem with file:line."""
    source = read_yaml(path)
    loaded = validated(Rollout, source, STAND_INS)
    problems = list(loaded.problems)
    if loaded.model is not None:
        told = [*_names(loaded.model, contract), *_stages(loaded.model, loaded.wrong)]
        problems += [source.at(place, message) for place, message in told if place not in loaded.wrong]
    raise_all(problems)
    if loaded.model is None:
        raise PlanError("is no rollout plan", path=source.path)
    return loaded.model


def _names(plan: Rollout, contract: Contract) -> Iterator[Told]:
    for name in plan.platforms:
        if name not in contract.platforms:
            yield ("platforms", name), f'unknown platform "{name}"{nearest(name.upper(), contract.platforms)}'
    for name in plan.limits.platforms:
        if name not in plan.platforms:
            yield ("limits", "platforms", name), f'"{name}" has no connections here{nearest(name, plan.platforms)}'
    total = sum(plan.platforms.values())
    if abs(total - 1) > 0.005:
        yield ("platforms",), f"the shares of the platforms are {total:.3g} together; they make 1"
    for key, operation in (("resources", "list"), ("writes", "create")):
        for index, name in enumerate(getattr(plan, key)):
            known = [resource for resource, item in contract.resources.items() if item.has(operation)]
            if name not in known:
                yield (key, index), f'"{name}" has no {operation} in the contract{nearest(name, known)}'


def _stages(plan: Rollout, wrong: frozenset[Place]) -> Iterator[Told]:
    names: set[str] = set()
    for index, stage in enumerate(plan.stages):
        if stage.stage in names:
            yield ("stages", index, "stage"), f'stage "{stage.stage}" stands twice'
        names.add(stage.stage)
        if not any(place[0] == "stages" and place[-1] in {"users", "share"} for place in wrong):
            yield from _size(plan, stage, index)
        yield from _contents(plan, stage, index)


def _size(plan: Rollout, stage: Stage, index: int) -> Iterator[Told]:
    place = ("stages", index, "stage")
    if (stage.users is None) == (stage.share is None):
        yield place, f'stage "{stage.stage}" needs exactly one of users and share'
        return
    before = plan.before(stage)
    if before is not None and plan.connections_of(stage) < plan.connections_of(before):
        yield place, f'stage "{stage.stage}" has fewer connections than "{before.stage}" before it'


def _contents(plan: Rollout, stage: Stage, index: int) -> Iterator[Told]:
    place = ("stages", index)
    for number, name in enumerate(stage.scenarios):
        if name not in SCENARIOS:
            yield (*place, "scenarios", number), f'unknown scenario "{name}"{nearest(name, SCENARIOS)}'
    if "write_burst" in stage.scenarios and not plan.writes:
        yield (*place, "scenarios"), "write_burst needs at least one resource under writes"
    try:
        if not 5 <= seconds(stage.play) <= 3600:
            yield (*place, "play"), f"play {stage.play} is not between 5s and 1h"
    except UsageError as error:
        yield (*place, "play"), str(error)
    if stage.failed.rehearse and stage.failed.command is None:
        yield (*place, "failed"), "rehearse needs a command, which takes the stage back"
    seen: dict[tuple[str, str | None, bool], str] = {}
    for number, text in enumerate(stage.gates):
        try:
            gate = parse_gate(text)
        except UsageError as error:
            yield (*place, "gates", number), str(error)
            continue
        other = seen.setdefault((gate.measure.name, gate.of, gate.previous), text)
        if other is not text:
            yield (*place, "gates", number), f'gate "{text}" speaks of the same as "{other}"; keep the stricter one'
        unmeasured = _unmeasured(plan.traffic_of(stage), stage, gate)
        if unmeasured:
            yield (*place, "gates", number), f'gate "{text}" can never hold: {unmeasured}'
        if gate.previous and index == 0:
            yield (*place, "gates", number), f'gate "{text}": the first stage has no previous one'
        if plan.backend_required and gate.measure.backend and "webhook_burst" not in stage.scenarios:
            yield (*place, "gates", number), f'gate "{text}" is measured by the scenario webhook_burst; add it'


def _unmeasured(traffic: Traffic, stage: Stage, gate: Gate) -> str | None:
    """Why the stage's own traffic leaves a gate without data, or beyond its bound whatever the target does; None when
    it does not."""
    played, reading = set(stage.scenarios), set(SCENARIOS) - {"write_burst", "webhook_burst"}
    missing = {
        "list": not played & reading and f"no list is read; add a scenario of {', '.join(sorted(reading))}",
        "create": ("write_burst" not in played or not traffic.writes_at_once)
        and "nothing is written; add the scenario write_burst and traffic.writes_at_once",
        "job": not (played >= {"write_burst"} and traffic.asynchronous_writes and traffic.job_looks)
        and "no job is looked at; that takes the scenario write_burst, asynchronous_writes and job_looks",
        "get": not (played >= {"webhook_burst"} and traffic.fetches_per_webhook)
        and "no single object is read; that takes the scenario webhook_burst and fetches_per_webhook",
        "connection": "reauth_wave" not in played and "no connection is asked for; add the scenario reauth_wave",
    }.get(gate.of or "")
    if missing:
        return missing
    if gate.measure.name == "freshness":
        if "steady_sync" not in played:
            return "freshness is measured by the scenario steady_sync; add it"
        if gate.bound <= seconds(traffic.sync_every):
            return f"before each sync the data is {traffic.sync_every} old (sync_every); allow more than that"
    return None
