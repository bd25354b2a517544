"""From a stage to the work of its load test: flows of requests that are the steps of the plans' cases."""

import json
import math
import os
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from harness.contract import Contract, load_contract
from harness.core import Evidence, SystemClock
from harness.drive import Drive, Session, World, discover, resolve_target
from harness.errors import UsageError
from harness.plan import Case, Requirement, default_plan_paths, load_plans, merge
from harness.plan.rollout import Rollout, Stage, Traffic, seconds
from harness.rollout.backend import WEBHOOK_PATH
from harness.rollout.demand import URGENCY, bursts, by_platform, limit_of, parted, share_out
from harness.rollout.slots import budget_file, on_server, open_slots, without_secret
from harness.rollout.statistics import needed_without_failure
from harness.rollout.work import BUDGET, TOKEN, UNIQUE, Flow, Step, Work

PATTERN = 20
"""Connections that are told apart; further ones repeat them."""
MOST_IDS = 20
SAMPLES = needed_without_failure(0.01)
"""Answers of each class that the checks judge, over all processes: where one in a hundred is wrong, one of them is."""


@dataclass(frozen=True)
class Wanted:
    """How a stage is to be played. `seconds` None: the plan's time. `writes` False leaves creates out. Webhooks go to
    the `backend`, None for none: from the emulator that is asked for them at `emit_url`, otherwise from the generator.
    `slots` is the place of the shared budget, None for that of this machine."""

    workers: int = 1
    seconds: float | None = None
    writes: bool = True
    backend: str | None = None
    emit_url: str | None = None
    slots: str | None = None


@dataclass
class Kitchen:
    """What steps are made of."""

    plan: Rollout
    traffic: Traffic
    contract: Contract
    world: World
    session: Session
    platforms: list[str]
    wanted: Wanted

    def drive(self, platform: str, resource: str) -> Drive:
        """A drive for preparing requests."""
        return self.session.drive(Case("rollout.prepare", platform, resource))


def prepare(plan: Rollout, stage: Stage, world: World, folder: Path, wanted: Wanted) -> Work:
    """The work of a stage against a world. Reads some rows of the target to refer to; these requests are charged to
    the rate budget."""
    contract, began = load_contract(), time.monotonic()
    sent: list[Evidence] = []
    session = Session(
        world,
        contract,
        requirements=_requirements(plan, contract),
        record=sent.append,
        directory=folder / "preparation",
        worker="w0",
        redaction_key=secrets.token_bytes(16),
        clock=SystemClock(),
    )
    try:
        platforms = _pattern(plan, stage, world)
        kitchen = Kitchen(plan, plan.traffic_of(stage), contract, world, session, platforms, wanted)
        flows = _played(stage, kitchen)
    finally:
        session.close()
    limit, pace = limit_of(plan), parted(plan, with_backend=wanted.backend is not None).pace
    place = wanted.slots or str(budget_file(world.target.base_url, world.target.credentials.client_id.reveal()))
    _charge(place, len(sent) + 1, pace, began)
    return Work(
        stage=stage.stage,
        base_url=world.target.base_url,
        version=world.target.version,
        seconds=wanted.seconds or seconds(stage.play),
        workers=wanted.workers,
        flows=tuple(flow for flow in flows if flow.count),
        slots=without_secret(place),
        per_second=pace,
        window=limit.window,
        limit=limit.requests,
        jitter=limit.jitter,
        sync_every=seconds(kitchen.traffic.sync_every),
        job_looks=1 if kitchen.traffic.job_looks else 0,
        samples=math.ceil(SAMPLES / wanted.workers),
        signed=wanted.backend is not None and wanted.emit_url is None,
    )


def _pattern(plan: Rollout, stage: Stage, world: World) -> list[str]:
    """The platforms of the connections that are told apart, each as often as its share says."""
    usable = [name for name in plan.platforms if name in world.connections and name not in world.problems]
    if not usable:
        raise UsageError(f"none of {', '.join(plan.platforms)} has a usable connection on {world.target.name}")
    shares = plan.model_copy(update={"platforms": {name: plan.platforms[name] for name in usable}})
    counts = by_platform(shares, min(PATTERN, plan.connections_of(stage)))
    return [name for name, count in counts.items() for _ in range(count)]


def _played(stage: Stage, kitchen: Kitchen) -> list[Flow]:
    """The flows of the stage's scenarios, as much of each as fits into the test."""
    plan, wanted = kitchen.plan, kitchen.wanted
    bursts_ = bursts(plan, stage)
    if not wanted.writes:
        bursts_.pop("write_burst", None)
    if wanted.backend is None:
        bursts_.get("webhook_burst", {}).pop("webhook", None)
    lasts = wanted.seconds or seconds(stage.play)
    played = share_out(bursts_, parted(plan, with_backend=wanted.backend is not None).load, lasts)
    return [flow for name, parts in played.items() for flow in _flows(name, parts, kitchen)]


def _charge(place: str, requests: int, per_second: float, began: float) -> None:
    """Count what was sent while preparing."""
    store = open_slots(place)
    store.charge(requests, 1 / per_second, ago=time.monotonic() - began)
    store.close()


def environment_of(world: World, slots: str | None = None) -> dict[str, str]:
    """What the generating processes get beside their own environment: the credentials, a key for redaction, and the
    place of the budget when it is on a server."""
    credentials = world.target.credentials
    place = {BUDGET: slots} if slots is not None and on_server(slots) else {}
    return {
        **place,
        "RUTTER_CLIENT_ID": credentials.client_id.reveal(),
        "RUTTER_CLIENT_SECRET": credentials.client_secret.reveal(),
        "GOLIVE_LOAD_KEY": secrets.token_hex(16),
        **{f"RUTTER_ACCESS_TOKEN_{name}": item.access_token.reveal() for name, item in world.connections.items()},
    }


def prepare_from_environment(stage_name: str | None) -> dict[str, str]:
    """A test of one process for Locust's own web UI, against `RUTTER_BASE_URL`; the variables to add."""
    from harness.cli.rollout_plan import chosen_stages, read_plan

    url = os.environ.get("RUTTER_BASE_URL")
    if not url:
        raise UsageError("RUTTER_BASE_URL is not set: start golive emulator and take over its export lines")
    plan = read_plan(None)
    stage = chosen_stages(plan, (stage_name,) if stage_name else ())[0]
    target = resolve_target(url, environ=os.environ, settings_file=Path("golive.toml"))
    world = discover(target, plan.platforms, rate="off")
    folder = Path("golive-rollout").resolve() / f"{stage.stage}-web"
    folder.mkdir(parents=True, exist_ok=True)
    work = prepare(plan, stage, world, folder, Wanted(writes=target.strength == "emulated"))
    work.save(folder / "load.json")
    return {**environment_of(world), "GOLIVE_LOAD": str(folder / "load.json")}


def _requirements(plan: Rollout, contract: Contract) -> dict[tuple[str, str], Requirement]:
    merged = merge(load_plans(default_plan_paths(), contract), contract, platforms=list(plan.platforms))
    return {(item.platform, item.resource): item for item in merged}


def _flows(scenario: str, parts: Mapping[str, int], kitchen: Kitchen) -> list[Flow]:
    lists = len(kitchen.plan.resources)
    made = []
    for of, count in parts.items():
        if not count or of == "job":  # jobs follow their creates
            continue
        steps = _steps(scenario, of, kitchen)
        unit = lists if of == "list" and scenario == "steady_sync" else 1
        if scenario == "steady_sync":
            count -= count % unit  # noqa: PLW2901 - whole connections only
        if steps and count:
            made.append(Flow(scenario, of, URGENCY[scenario], count, tuple(steps), unit))
    return made


def _steps(scenario: str, of: str, kitchen: Kitchen) -> list[Step]:
    match of:
        case "list":
            changes = scenario in {"steady_sync", "outage_recovery", "reauth_wave"}
            return [
                _list_step(platform, resource, kitchen, changes=changes)
                for platform in kitchen.platforms
                for resource in _readable(platform, kitchen)
            ]
        case "create":
            pairs = [(platform, name) for platform in dict.fromkeys(kitchen.platforms) for name in kitchen.plan.writes]
            made = [_create_step(platform, name, kitchen) for platform, name in pairs]
            return [step for step in made if step is not None]
        case "get":
            return [step for platform in dict.fromkeys(kitchen.platforms) for step in _get_steps(platform, kitchen)]
        case "connection":
            return [Step(of, "GET", "/connections/access_token", platform, None, "connections", "get")
                    for platform in kitchen.platforms]  # fmt: skip
        case "webhook" if kitchen.wanted.backend:
            return [_webhook_step(platform, kitchen) for platform in kitchen.platforms]
    return []


def _readable(platform: str, kitchen: Kitchen) -> list[str]:
    """As many lists as the plan has, of those that the platform has."""
    names = [name for name in kitchen.plan.resources if kitchen.contract.resource(name).supports("list", platform)]
    wanted = len(kitchen.plan.resources)
    return [names[index % len(names)] for index in range(wanted)] if names else []


def _list_step(platform: str, name: str, kitchen: Kitchen, *, changes: bool) -> Step:
    operation = kitchen.contract.resource(name).operations["list"]
    query, case = f"?limit={kitchen.traffic.page_size}", f"queries/pages/{platform}/{name}"
    if changes and "last_synced_at_min" in operation.parameters:
        since = int((time.time() - seconds(kitchen.traffic.sync_every)) * 1000)
        query += f"&last_synced_at_min={since}"
        case = f"queries/window/{platform}/{name}/last_synced_at_min"
    key = kitchen.contract.resource(name).list_key
    return Step("list", "GET", operation.path + query, platform, None, name, "list", case, walks=not changes, key=key)


def _create_step(platform: str, name: str, kitchen: Kitchen) -> Step | None:
    resource = kitchen.contract.resource(name)
    if not resource.supports("create", platform):
        return None
    drive = kitchen.drive(platform, name)
    requirement = kitchen.session.requirements.get((platform, name))
    template = requirement.create_input if requirement else None
    body: Any = drive.fill(_marked(dict(template))) if template else drive.minimal_input(name)
    if resource.create_key:
        body = {resource.create_key: body}
    operation = resource.operations["create"]
    if kitchen.traffic.asynchronous_writes and operation.is_async:
        body["response_mode"] = "async"
    key = "async_response" if "response_mode" in body else None
    case = f"jobs/create/{platform}/{name}"
    return Step("create", "POST", operation.path, platform, json.dumps(body), name, "create", case, key=key)


def _marked(template: Any) -> Any:
    """The template with the place of each `$unique` marked, for the generator to fill it anew in every request."""
    if isinstance(template, list):
        return [_marked(item) for item in template]
    if not isinstance(template, dict):
        return template
    if "$unique" in template:
        prefix = str(template["$unique"])
        return prefix[: max(0, int(template.get("length", 200)) - 10)] + UNIQUE
    return {key: _marked(value) for key, value in template.items()}


def _get_steps(platform: str, kitchen: Kitchen) -> list[Step]:
    found = []
    for name in kitchen.plan.resources:
        resource = kitchen.contract.resource(name)
        if resource.supports("get", platform):
            row = kitchen.drive(platform, name).row(name)
            if row and isinstance(row.get("id"), str):
                path = resource.operations["get"].url_path(id=quote(row["id"], safe=""))
                found.append(Step("get", "GET", path, platform, None, name, "get", f"fields/single/{platform}/{name}"))
    return found[:MOST_IDS]


def _webhook_step(platform: str, kitchen: Kitchen) -> Step:
    """An edited bill of the connection: raised by the emulator, or sent by the generator as the API would."""
    connection, wanted = kitchen.world.connections[platform], kitchen.wanted
    document = {"id": _bill(platform, kitchen) or UNIQUE, "memo": UNIQUE}
    if wanted.emit_url:
        body = {"connection": connection.id, "code": "BILL_UPDATED", "document": document}
        return Step("webhook", "POST", wanted.emit_url, platform, json.dumps(body), None, "webhook")
    told = {"type": "BILL", "code": "BILL_UPDATED", "connection_id": connection.id, "access_token": TOKEN,
            "bill": [document]}  # fmt: skip
    url = (wanted.backend or "").rstrip("/") + WEBHOOK_PATH
    return Step("webhook", "POST", url, platform, json.dumps(told, separators=(",", ":")), None, "webhook")


def _bill(platform: str, kitchen: Kitchen) -> str | None:
    """The id of a bill that the connection has; None without one."""
    if not kitchen.contract.resource("bills").supports("list", platform):
        return None
    row = kitchen.drive(platform, "bills").row("bills")
    return str(row["id"]) if row else None
