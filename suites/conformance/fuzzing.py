"""Schemathesis, all phases, against a running emulator: the contract says what may be sent and what must come back.

What is added to the contract before it is handed over, because it leaves it open: the documented error statuses with
their body, live examples, the media type of downloads. Generated requests that are meant to be right get a live access
token, live ids and, where the contract names a reference, the id of a row that exists.
"""

import copy
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from lab import Lab
from samples import Sample, key
from schemathesis.config import SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation
from schemathesis.engine import events, from_schema

from harness.contract.fields import resolve

ERRORS = ("400", "401", "404", "405", "409", "410", "450")
"""Source: the status table of [D:rest/2023-03-14/errors]; 405 is asked for by a setting of the double."""
REJECTED = ["400", "401", "404", "405", "409", "410", "450"]
TAKEN = ["2xx", "401", "404", "409", "410", "450"]
"""What a right request may come back with: ids and books are the platform's to judge (450), the rest is documented."""
SEED = 20240831
SEQUENCES = 12
"""Sequences of requests in the stateful phase."""
WINDOWS = tuple(
    f"{field}_{end}" for field in ("created_at", "updated_at", "arrival_at", "last_synced_at") for end in ("min", "max")
)
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
FIRST = 10
"""Requests of the coverage phase that are always sent for an operation."""


@dataclass
class Outcome:
    """What a run has shown."""

    requests: int = 0
    reached: Counter[str] = field(default_factory=Counter)
    """2xx answers by operation."""
    statuses: Counter[int] = field(default_factory=Counter)
    answered: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """Statuses by operation, with the phase and the error's code."""
    phases: Counter[str] = field(default_factory=Counter)
    failures: dict[tuple[str, str, str], str] = field(default_factory=dict)
    """(check, operation, what) -> how to see it again."""
    errors: list[str] = field(default_factory=list)


def overlay(lab: Lab, samples: Mapping[str, Sample]) -> dict[str, Any]:
    """The contract with live examples, documented errors, the empty body that makes a connection, the platforms that
    credentials belong to, and deletes that need no body. Source: see above; facts section 8."""
    document: dict[str, Any] = copy.deepcopy(dict(lab.contract.document))
    shared = document["components"]["parameters"]
    error = {"description": "error",
             "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorBody"}}}}  # fmt: skip
    for path, methods in document["paths"].items():
        for raw in methods.values():
            sample = samples[raw["operationId"]]
            known = {**sample.path, **sample.query, "access_token": sample.token}
            raw["parameters"] = [_parameter(item, shared, known) for item in raw.get("parameters", ())]
            raw["responses"] |= dict.fromkeys(ERRORS, error)
            if raw is methods.get("delete") and "requestBody" in raw:
                raw["requestBody"]["required"] = False  # it says only how a delete is answered
            if sample.body is not None and "requestBody" in raw:
                raw["requestBody"]["content"]["application/json"]["example"] = sample.body
            if path.endswith("/file"):
                raw["responses"]["200"]["content"] = {"*/*": {}}
    empty = document["paths"]["/connections/create"]["post"]["requestBody"]  # may be empty: [D:rutter-link/overview]
    content = empty["content"]["application/json"]
    content["schema"] = {"anyOf": [*_made_of(document), {"type": "object", "maxProperties": 0}]}
    empty["required"] = False
    return document


def _made_of(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A connection's body for each platform: with its own credentials, any for a platform that has none of its own."""
    whole, alternatives = document["components"]["schemas"]["CreateConnectionBody"]["allOf"]
    for platform in document["components"]["schemas"]["CreateConnectionPlatforms"]["enum"]:
        name = f"{platform.replace('_', '')}Credentials".lower()
        own = [item for item in alternatives["anyOf"] if item["$ref"].rpartition("/")[2].lower() == name]
        named = {"properties": {"platform": {"enum": [platform]}}}
        yield {"allOf": [whole, named, {"anyOf": own or alternatives["anyOf"]}]}


def _parameter(item: Mapping[str, Any], shared: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    data = copy.deepcopy(dict(shared[item["$ref"].rpartition("/")[2]] if "$ref" in item else item))
    if data["name"] == "limit":
        data["schema"] = {**data["schema"], "minimum": 1}  # a page size; the contract leaves its bounds open
    if known.get(data["name"]) is not None and data["in"] in {"path", "query"}:
        data["example"] = known[data["name"]]
    return data


SHARES = {("examples", "coverage"): 0.6, ("stateful",): 0.5, ("fuzzing",): 1.0}
"""The part of the time that is left which phases may take, in their order: what has no end of its own comes last."""


def settings(lab: Lab, examples: int, most: float, seed: int, phases: tuple[str, ...]) -> SchemathesisConfig:
    """How Schemathesis runs these phases. `most`: seconds."""
    user, password = lab.auth
    return SchemathesisConfig.from_dict(
        {
            "base-url": lab.process.base_url,
            "auth": {"basic": {"username": user, "password": password}},
            "seed": seed,
            "max-time": max(1, round(most)),
            "continue-on-failure": True,
            "request-timeout": 60,
            "generation": {"max-examples": examples, "mode": "all", "deterministic": True, "no-shrink": True,
                           "allow-x00": False, "database": "none"},
            "checks": {
                "negative_data_rejection": {"expected-statuses": REJECTED},
                "positive_data_acceptance": {"expected-statuses": TAKEN},
            },
            # Examples stay as they are: with ids that answers have told, deletes would take what other examples name.
            "phases": {
                "examples": {"enabled": "examples" in phases, "extra-data-sources": {"responses": False}},
                "coverage": {"enabled": "coverage" in phases},
                "stateful": {"enabled": "stateful" in phases, "max-steps": 6,
                             "generation": {"max-examples": SEQUENCES}},
                "fuzzing": {"enabled": "fuzzing" in phases},
            },
            "warnings": False,
        }
    )  # fmt: skip


class Feeder:
    """Puts live values into generated requests that are meant to be right."""

    def __init__(self, lab: Lab, samples: Mapping[str, Sample]) -> None:
        self.lab, self.samples = lab, samples
        self.seen: set[str] = set()
        self.kept = {id for sample in samples.values() if sample.operation.method != "DELETE"
                     for id in _ids([sample.path, sample.body])}  # fmt: skip
        """What other samples name: Schemathesis gives ids that it has seen to deletes, too."""
        self._rows: dict[tuple[str, str], list[str]] = {}

    def feed(self, case: Any) -> Any:
        """A case with live values where it is positive."""
        sample = self.samples[case.operation.definition.raw["operationId"]]
        if sample.token and not self.negative(case, ParameterLocation.QUERY) and "access_token" in case.query:
            case.query["access_token"] = sample.token
            self._readable(case)
        self.place(case)
        if "Idempotency-Key" in (case.headers or {}) and not self.negative(case, ParameterLocation.HEADER):
            case.headers["Idempotency-Key"] = key()
        if isinstance(case.body, dict) and not self.negative(case, ParameterLocation.BODY) and sample.body is not None:
            body = self.lab.contract.schemas.get(sample.operation.request_schema or "", {})
            case.body = self._live(case.body, body, sample, sample.body)
            if sample.operation.name == "backfill":
                case.body = sample.body  # days of a form that the contract does not say
        return case

    def place(self, case: Any) -> None:
        """Ids that exist where the path is meant to be right: those that answers have told, and else the sample's own;
        two ids of one path belong together, as only the sample's and those of a sequence do."""
        if self.negative(case, ParameterLocation.PATH):
            return
        own = self.samples[case.operation.definition.raw["operationId"]].path
        given = [case.path_parameters.get(name) for name in own]
        together = len(own) == 1 or (case.meta is not None and case.meta.phase.name.value == "stateful")
        lost = case.method == "DELETE" and not self.kept.isdisjoint(given)
        if lost or not together or not self.seen.issuperset(given):
            case.path_parameters |= own

    def learn(self, content: Any) -> None:
        """Remember the ids of an answer: they may be used again."""
        for value in content.values() if isinstance(content, dict) else ():
            if isinstance(value, dict) and isinstance(value.get("id"), str):
                self.seen.add(value["id"])

    @staticmethod
    def negative(case: Any, location: ParameterLocation) -> bool:
        """Whether a part of a case is meant to be wrong."""
        component = case.meta.components.get(location) if case.meta else None
        return component is not None and component.mode.is_negative

    def _readable(self, case: Any) -> None:
        """Texts whose grammar the contract does not say: a filter, a sort, a cursor, a range, a window of milliseconds
        that commerce lists take as text."""
        for name in ("filter", "sort", "cursor", "start_date", "end_date", *WINDOWS, "expand"):
            if name in case.query and "enum" not in self._schema(case, name):
                del case.query[name]
        for name in [name for name, value in case.query.items() if value in {"", None}]:
            del case.query[name]

    def _schema(self, case: Any, name: str) -> Mapping[str, Any]:
        sample = self.samples[case.operation.definition.raw["operationId"]]
        known = sample.operation.parameters.get(name)
        return {"enum": known.enum} if known is not None and known.enum else {}

    def _live(self, value: Any, schema: Mapping[str, Any], sample: Sample, like: Any) -> Any:
        """A body with references that exist: the sample's own where it has them, a row's id elsewhere."""
        schemas = self.lab.contract.schemas
        found = resolve(schema, schemas)
        if isinstance(value, dict):
            known, own = found.get("properties", {}), like if isinstance(like, dict) else {}
            whole = {name: own[name] for name, item in known.items() if "x-required-on" in item and name in own} | value
            return {name: self._live(item, known.get(name, {}), sample, own.get(name)) for name, item in whole.items()}
        if isinstance(value, list):
            first = like[0] if isinstance(like, list) and like else None
            return [self._live(item, found.get("items", {}), sample, first) for item in value]
        if "x-ref" in found and isinstance(value, str):
            return like if isinstance(like, str) else self._row(found["x-ref"], sample) or value
        return value

    def _row(self, entity: str, sample: Sample) -> str | None:
        resource = self.lab.contract.referenced(entity)
        if resource is None or sample.token is None or not resource.has("list"):
            return None
        place = (resource.name, sample.token)
        if place not in self._rows:
            query = {"access_token": sample.token, "limit": 5}
            answer = self.lab.api("GET", resource.operations["list"].path, params=query)
            rows = answer.json().get(resource.list_key) if answer.status_code == 200 else []
            self._rows[place] = [row["id"] for row in rows] if isinstance(rows, list) else []
        return next(iter(self._rows[place]), None)


def _ids(value: Any) -> Iterator[str]:
    """Every uuid in a value."""
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _ids(item)
    elif isinstance(value, str) and UUID.fullmatch(value):
        yield value


class Thinning:
    """The coverage phase makes a request for every corner of every field: of each operation the first are sent, and
    then every n-th, which ones by the seed. A delete of an id that nothing can have is none of them: it is answered
    with 200 and `not_found` as any missing object is [S24], trap 23. Neither is a method that an operation does not
    have where its path is also another one, which may have it: `/accounting/{entityType}` and `/accounting/bills`."""

    def __init__(self, every: int, seed: int, paths: Iterable[str]) -> None:
        self._every, self._shift = every, seed % every
        self._seen: Counter[str] = Counter()
        self._paths = {path: re.compile(re.sub(r"\\\{.*?\\\}", "[^/]+", re.escape(path))) for path in paths}

    def keep(self, case: Any) -> bool:
        """Whether a case is sent."""
        if case.method == "DELETE" and Feeder.negative(case, ParameterLocation.PATH):
            return False
        if case.method.upper() != case.operation.method.upper() and any(
            path != case.operation.path and shape.fullmatch(case.formatted_path) for path, shape in self._paths.items()
        ):
            return False
        if case.meta is None or case.meta.phase.name.value != "coverage":
            return True
        label = case.operation.label
        self._seen[label] += 1
        return self._seen[label] <= FIRST or self._seen[label] % self._every == self._shift


def fuzz(
    lab: Lab,
    samples: Mapping[str, Sample],
    *,
    examples: int,
    most: float,
    every: int,
    include: str = "",
    seed: int = SEED,
) -> Outcome:
    """Run all phases; what was seen. `most`: seconds; `every`: which part of the coverage phase is sent."""
    document, end = overlay(lab, samples), time.monotonic() + most
    feeder, thinning, outcome = Feeder(lab, samples), Thinning(every, seed, document["paths"]), Outcome()
    for phases, share in SHARES.items():
        left = (end - time.monotonic()) * share
        schema = schemathesis.openapi.from_dict(document, config=settings(lab, examples, left, seed, phases))
        if include:
            schema = schema.include(lambda context: include in context.operation.label)
        schema.hooks.register_hook_with_name(lambda context, case: feeder.feed(case), "map_case")  # noqa: ARG005 - names are checked
        schema.hooks.register_hook_with_name(lambda context, case: thinning.keep(case), "filter_case")  # noqa: ARG005 - as above
        for event in from_schema(schema).execute():
            if isinstance(event, events.ScenarioFinished):
                _note(outcome, event, feeder)
            elif isinstance(event, events.NonFatalError | events.FatalError):
                outcome.errors.append(str(getattr(event, "info", None) or getattr(event, "exception", event))[:400])
    return outcome


def _note(outcome: Outcome, event: Any, feeder: Feeder) -> None:
    for id, interaction in event.recorder.interactions.items():
        outcome.requests += 1
        outcome.phases[event.phase.value] += 1
        response = interaction.response
        node = event.recorder.cases.get(id)
        if response is None or node is None:
            continue
        outcome.statuses[response.status_code] += 1
        told = _json(response)
        word = told.get("error_message", "")[:60] if isinstance(told, dict) else ""
        outcome.answered[node.value.operation.label][f"{event.phase.value} {response.status_code} {word}"] += 1
        if 200 <= response.status_code < 300:
            outcome.reached[node.value.operation.label] += 1
            feeder.learn(told)
    for id, checks in event.recorder.checks.items():
        for one in checks:
            if one.failure_info is not None:
                label = event.recorder.cases[id].value.operation.label
                failure = one.failure_info.failure
                told = one.failure_info.code_sample
                outcome.failures.setdefault((one.name, label, f"{failure.title}: {failure.message[:300]}"), told)


def _json(response: Any) -> Any:
    try:
        return response.json()
    except ValueError:
        return None


def labels(document: Mapping[str, Any]) -> Iterator[str]:
    """Every operation as Schemathesis calls it."""
    for path, methods in document["paths"].items():
        for method in methods:
            yield f"{method.upper()} {path}"
