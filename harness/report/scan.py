"""One pass over the evidence of a run: order, coverage, latencies, and the exchanges that findings cite."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.core import Evidence
from harness.report.atomic import write_chunks
from harness.report.chain import Chain
from harness.report.coverage import CoverageScan
from harness.report.curl import Credentials, curl_line
from harness.report.declared import Declared
from harness.report.ledger import EVIDENCE_FILE, read_lines
from harness.report.legible import legible, one_line, pretty
from harness.report.model import EvidenceBrief, EvidenceFile, Latency
from harness.report.surface import Coverage

BODY_LIMIT = 1_500
"""Characters of a body that the report shows; the whole stands in `evidence.ndjson`."""

ALL_REQUESTS = "all requests"


@dataclass(frozen=True, slots=True, order=True)
class PlaceOf:
    """Where a whole line of evidence stands, ordered by time and then by id."""

    started_at: str
    id: str
    path: Path
    offset: int
    length: int


@dataclass
class Scan:
    """What one pass over the evidence found. `cited` holds the evidence that was asked for, by id."""

    coverage: Coverage
    latencies: Mapping[str, list[float]]
    cited: Mapping[str, Evidence]
    credentials: Credentials
    requests: int
    last_at: str | None
    """When the last request was sent: the end of a run that could not say when it ended."""
    damaged: tuple[str, ...]
    places: tuple[PlaceOf, ...]
    """Every whole line, in no order."""

    def request_id(self, ids: Iterable[str]) -> str | None:
        """The first request id among the evidence of these ids, the last one cited first: that is where it shows."""
        found = [self.cited[id].request_id for id in ids if id in self.cited]
        return next((one_line(request_id, 100) for request_id in reversed(found) if request_id), None)

    def brief(self, id: str) -> EvidenceBrief | None:
        """The shortened form of a cited exchange; None when the ledger does not hold it."""
        item = self.cited.get(id)
        return _brief(item, self.credentials) if item else None

    def latency(self) -> tuple[Latency, ...]:
        """Percentiles over all requests and per operation, most frequent first."""
        ordered = sorted(self.latencies.items(), key=lambda pair: (pair[0] != ALL_REQUESTS, -len(pair[1]), pair[0]))
        return tuple(_latency(name, values) for name, values in ordered if values)


@dataclass
class _Passing:
    latencies: dict[str, list[float]] = field(default_factory=lambda: {ALL_REQUESTS: []})
    cited: dict[str, Evidence] = field(default_factory=dict)
    damaged: list[str] = field(default_factory=list)
    requests: int = 0
    last_at: str | None = None
    places: list[PlaceOf] = field(default_factory=list)


def scan(directory: Path, declared: Declared, wanted: frozenset[str]) -> Scan:
    """Read all evidence of the run in `directory` once; keep that whose id is in `wanted`."""
    coverage = CoverageScan(declared)
    credentials = Credentials()
    state = _Passing()
    for line in read_lines(directory, EVIDENCE_FILE):
        value = line.value
        item = _evidence(line.exact if value and value.get("id") in wanted else value)
        if item is None:
            state.damaged.append(f"{line.path}:{line.number}")
            continue
        state.requests += 1
        state.places.append(PlaceOf(item.started_at, item.id, line.path, line.offset, line.length))
        state.last_at = max(state.last_at or "", item.started_at)
        if item.of_api:
            state.latencies[ALL_REQUESTS].append(item.elapsed_ms)
            state.latencies.setdefault(item.operation or "other", []).append(item.elapsed_ms)
            coverage.add(item)
        credentials.learn(item)
        if item.id in wanted:
            state.cited[item.id] = item
    return Scan(
        coverage=coverage.coverage(),
        latencies=state.latencies,
        cited=state.cited,
        credentials=credentials,
        requests=state.requests,
        last_at=state.last_at,
        damaged=tuple(state.damaged),
        places=tuple(state.places),
    )


def merge_evidence(places: Iterable[PlaceOf], directory: Path) -> EvidenceFile:
    """Write `evidence.ndjson` into `directory`: every line of `places`, ordered by time, chained by hashes."""
    ordered = sorted(places)
    chain = Chain()
    write_chunks(directory / EVIDENCE_FILE, (chain.line(raw) for raw in raw_lines(ordered)))
    return EvidenceFile(lines=len(ordered), last_hash=chain.last)


def raw_lines(places: list[PlaceOf]) -> Iterator[bytes]:
    """The lines at these places, as they were written."""
    files = {path: path.open("rb") for path in dict.fromkeys(place.path for place in places)}
    try:
        for place in places:
            files[place.path].seek(place.offset)
            yield files[place.path].read(place.length)
    finally:
        for file in files.values():
            file.close()


def _evidence(value: Mapping[str, object] | None) -> Evidence | None:
    if value is None:
        return None
    try:
        return Evidence.from_json(value)
    except (KeyError, TypeError, ValueError):
        return None


def _brief(item: Evidence, credentials: Credentials) -> EvidenceBrief:
    query = "&".join(f"{name}={value}" for name, value in item.query)
    response = item.response_text
    if item.response_is_json:
        response = pretty(item.response_json, BODY_LIMIT)
    return EvidenceBrief(
        id=item.id,
        case=item.case,
        platform=item.platform,
        method=one_line(item.method),
        url=one_line(f"{item.base_url}{item.path}" + (f"?{query}" if query else ""), 600),
        status=item.status,
        problem=one_line(item.problem, 300) if item.problem else None,
        request_id=one_line(item.request_id, 100) if item.request_id else None,
        job_id=one_line(item.job_id, 100) if item.job_id else None,
        started_at=item.started_at,
        elapsed_ms=item.elapsed_ms,
        request_body=pretty(item.request_json, BODY_LIMIT) if item.request_json is not None else None,
        response_body=legible(response, BODY_LIMIT + 100) if response is not None else None,
        reproduce=curl_line(item, credentials),
    )


def _latency(name: str, values: list[float]) -> Latency:
    ordered = sorted(values)

    def at(share: float) -> float:
        # Nearest rank: always a measured value, never one between two.
        return ordered[max(0, min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1))]

    return Latency(
        name=name,
        requests=len(ordered),
        p50=at(0.50),
        p90=at(0.90),
        p95=at(0.95),
        p99=at(0.99),
        max=ordered[-1],
    )
