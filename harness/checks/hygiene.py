"""What holds for every single answer, whatever the case was about."""

from collections.abc import Iterable, Iterator, MutableMapping
from dataclasses import dataclass, replace

from harness.checks.paths import short
from harness.checks.registry import Observation, Subject, check
from harness.core import Evidence, Severity

DOCUMENTED = frozenset({200, 400, 401, 403, 404, 408, 409, 410, 429, 450, 451, 452})
"""Statuses of the errors table; 5xx are judged on their own. Source: [D:rest/2023-03-14/errors]."""


@dataclass(frozen=True, slots=True)
class Exchanges(Subject):
    """All evidence of one case. `repeated` maps a request id to the evidence that had it before."""

    evidence: tuple[Evidence, ...]
    repeated: tuple[tuple[str, str, str], ...]
    """(request id, evidence that had it first, evidence that has it again)."""
    passing: frozenset[str] = frozenset()
    """Ids of 5xx answers that did not last: the same operation worked before and after them."""
    broken_off: tuple[Evidence, ...] = ()
    """Answers that ended before their announced length; they have no status."""

    @classmethod
    def of(
        cls, case: str, platform: str | None, resource: str | None, evidence: Iterable[Evidence],
        seen: MutableMapping[str, str], passing: frozenset[str] = frozenset(),
    ) -> "Exchanges":  # fmt: skip
        """The subject of a case; `seen` (request id -> evidence id) is updated."""
        made = tuple(evidence)
        items = tuple(item for item in made if item.status is not None)
        repeated = []
        for item in items:
            id = item.request_id
            if id and seen.setdefault(id, item.id) != item.id:
                repeated.append((id, seen[id], item.id))
        broken_off = tuple(item for item in made if item.broken_off)
        return cls(case, platform, resource, items, tuple(repeated), passing, broken_off)


@check("hygiene.request_id")
def request_id(subject: Exchanges) -> Iterator[Observation]:
    """Every response carries `X-Rutter-Request-ID`: support finds a request by nothing else. Source:
    [D:troubleshooting]."""
    missing = [item for item in subject.evidence if not item.request_id]
    if missing:
        yield _told(missing, "a response has no X-Rutter-Request-ID", "X-Rutter-Request-ID", "no such header")


@check("hygiene.request_id_unique")
def request_id_unique(subject: Exchanges) -> Iterator[Observation]:
    """No two responses share a request id."""
    for id, first, again in subject.repeated[:1]:
        yield Observation(
            "two responses carry the same X-Rutter-Request-ID", "an id of its own", short(id), "X-Rutter-Request-ID",
            (first, again),
        )  # fmt: skip


@check("hygiene.json")
def strict_json(subject: Exchanges) -> Iterator[Observation]:
    """Every body is strict JSON and says so: no HTML page, no NaN, no truncated text. Only a 5xx, which may come from
    what stands before the API, is judged as a failure and not by its page. Source: [S24] media types; [RTS] client.ts
    survives error bodies that are not JSON."""
    for item in subject.evidence:
        if (item.operation == "download_attachment" and item.status == 200) or (item.status or 0) >= 500:
            continue  # a file, of whatever kind it is, or a failure
        kind = item.response_headers.get("content-type", "")
        if not item.response_is_json:
            seen = item.json_problem or short(item.response_text)
            yield _told([item], f"status {item.status} has a body that is not JSON", "strict JSON", seen)
            return
        if "json" not in kind:
            yield _told([item], "the content type is not JSON", "application/json", kind or "none", "content-type")
            return


@check("hygiene.status")
def status(subject: Exchanges) -> Iterator[Observation]:
    """Statuses are those of the errors table; 200 is the only success. A client branches on them. Source: [S24],
    [D:rest/2023-03-14/errors]."""
    for item in subject.evidence:
        if item.status not in DOCUMENTED and (item.status or 0) < 500:
            yield _told(
                [item], f"{item.method} answers an undocumented status", "a documented status", str(item.status)
            )
            return


@check("hygiene.server_error")
def server_error(subject: Exchanges) -> Iterator[Observation]:
    """No operation keeps answering 5xx, or less than it announced: after one the outcome of a write is not known. A
    failure that passes, as the provider says may happen, is told and does not vote, unless there are many: five, and
    one in fifty requests. Source: [D:implementation-guides/handling-errors]."""
    failed = [*(item for item in subject.evidence if (item.status or 0) >= 500), *subject.broken_off]
    lasting = [item for item in failed if item.id not in subject.passing]
    for items, severity in ((lasting, None), (failed if not lasting else [], Severity.ADVISORY)):
        if items:
            seen = str(items[0].status or items[0].problem)
            told = _told(items, f"{items[0].method} {items[0].path} fails", "no 5xx, and whole answers", seen)
            yield replace(told, severity=severity)


MANY, OFTEN = 10, 20
"""429 answers that one worker gets, and one in how many of its requests, before they tell of another limit: at the edge
of a window a few are nobody's fault."""


@dataclass(frozen=True, slots=True)
class Throttled(Subject):
    """How often a worker was answered 429, of how many requests, although the run keeps to a rate budget. `alone` says
    that nobody else can have used the organisation's allowance."""

    count: int
    requests: int
    budget: str
    alone: bool
    evidence: tuple[str, ...]


@check("hygiene.rate_limit")
def rate_limit(subject: Throttled) -> Iterator[Observation]:
    """Who keeps to 500 requests in 10 seconds is not answered 429. Other clients of the organisation share that limit:
    on a target that has others it is told and does not vote. Source: [H:7238576299]."""
    if subject.count >= MANY and subject.count * OFTEN >= subject.requests:
        yield Observation("requests within the documented limit are answered 429", f"no 429 within {subject.budget}",
                          f"{subject.count} of {subject.requests} requests", "429", subject.evidence,
                          None if subject.alone else Severity.ADVISORY)  # fmt: skip


FEW = 3
"""Reads answered 452 that a worker forgives."""


@dataclass(frozen=True, slots=True)
class PlatformLimited(Subject):
    """How many reads a worker was answered 452, with the latest."""

    count: int
    evidence: tuple[str, ...]


@check("hygiene.platform_limit")
def platform_limit(subject: PlatformLimited) -> Iterator[Observation]:
    """Reads are served from what was synced: they do not spend the platform's allowance and are not answered 452, which
    would stop a mirror whenever somebody else is busy on the platform. Source: [D:rest/2023-03-14/rate-limiting]."""
    yield Observation("a read is answered 452, the limit of the platform", "reads that do not reach the platform",
                      f"{subject.count} reads so far", "452", subject.evidence,
                      Severity.ADVISORY if subject.count < FEW else None)  # fmt: skip


@check("hygiene.error_body")
def error_body(subject: Exchanges) -> Iterator[Observation]:
    """Errors have the flat body with error_type, error_code and error_message, each a text; clients branch on the
    first two. Source: [D:rest/2023-03-14/errors]."""
    for item in subject.evidence:
        if item.status is None or item.status < 400 or not item.response_is_json:
            continue
        for name in ("error_type", "error_code", "error_message"):
            value = item.body.get(name) if isinstance(item.body, dict) else None
            if not isinstance(value, str) or not value:
                yield _told([item], f"an error {item.status} has no {name}", "a text", short(value), name)
                return


def _told(items: list[Evidence], message: str, expected: str, seen: str, field: str | None = None) -> Observation:
    return Observation(message, expected, seen, field, tuple(item.id for item in items[:3]))


HYGIENE = (
    "hygiene.request_id",
    "hygiene.request_id_unique",
    "hygiene.json",
    "hygiene.status",
    "hygiene.server_error",
    "hygiene.error_body",
)
"""The checks that judge all evidence of every case."""
