"""What reads showed so far: each object as it was seen last, each connection as it names itself.

Every page of every list that a case reads, for whatever reason, shows objects that were seen before. Holding them
together costs no request and notices what no single answer gives away.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.contract import Contract, Resource
from harness.core import Evidence

READS = ("list", "get")
DATA = frozenset({"accounting", "commerce", "payments", "banking", "ads"})
"""Domains whose reads show a customer's objects, wrapped, with their connection. Source: [S24] responses."""

MARKS = ("last_synced_at", "updated_at")
UNSTEADY = (*MARKS, "platform_data")
"""Fields that move by themselves, or are only there when asked for."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """An object in an answer. `before` is the evidence of the answer that showed it otherwise although its updated_at
    is the same, or that showed it with a later one (`back`); `known` how it was shown there."""

    row: Mapping[str, Any]
    evidence: Evidence
    known: Mapping[str, Any] | None = None
    before: Evidence | None = None
    back: bool = False


class Sightings:
    """One per worker. Objects by (platform, resource) and id; organisations by connection id."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._seen: dict[tuple[str | None, str], dict[str, Sighting]] = {}
        self.organisations: dict[str, str] = {}

    def forget(self) -> None:
        """Nothing was seen."""
        self._seen.clear()
        self.organisations.clear()

    def read_of(self, evidence: Evidence) -> Resource | None:
        """The resource that a documented success shows; None for any other exchange."""
        if evidence.method != "GET" or evidence.status != 200 or evidence.operation not in READS:
            return None
        found = self._contract.resources.get(evidence.resource or "")
        return found if found is not None and found.domain in DATA and key_of(evidence, found) else None

    def last(self, platform: str, resource: str, id: str) -> Mapping[str, Any] | None:
        """An object as it was read last before the present case; None when it was not."""
        found = self._seen.get((platform, resource), {}).get(id)
        return None if found is None else found.row

    def organisation(self, evidence: Evidence) -> str | None:
        """What earlier reads of the connection gave as orgId; this one's is remembered when it is the first."""
        block = evidence.body.get("connection") if isinstance(evidence.body, dict) else None
        named = block.get("orgId") if isinstance(block, dict) else None
        known = self.organisations.get(evidence.connection_id or "")
        if known is None and isinstance(named, str) and evidence.connection_id:
            self.organisations[evidence.connection_id] = named
        return known

    def news(self, evidence: Evidence, resource: Resource) -> Iterator[Sighting]:
        """The objects of an answer that were not seen just like this before. From now on they were."""
        seen = self._seen.setdefault((evidence.platform, resource.name), {})
        for row in rows_of(evidence, resource):
            id = row.get("id")
            if not isinstance(id, str):
                yield Sighting(row, evidence)
                continue
            last = seen.get(id)
            if last is not None and last.row == row:
                continue
            found = Sighting(row, evidence)
            if last is not None and goes_back(last.row, row):
                found = Sighting(row, evidence, last.row, last.evidence, back=True)
            elif last is not None and last.row.get("updated_at") == row.get("updated_at"):
                if same(last.row, row):
                    seen[id] = found
                    continue
                found = Sighting(row, evidence, last.row, last.evidence)
            seen[id] = found
            yield found


def key_of(evidence: Evidence, resource: Resource) -> str | None:
    """The wrapper key of an answer to a read."""
    return resource.list_key if evidence.operation == "list" else resource.item_key


def rows_of(evidence: Evidence, resource: Resource) -> list[dict[str, Any]]:
    """The objects of a list's page or of a single answer."""
    key = key_of(evidence, resource)
    held = evidence.body.get(key) if isinstance(evidence.body, dict) and key else None
    return [row for row in (held if isinstance(held, list) else [held]) if isinstance(row, dict)]


def same(left: Mapping[str, Any], right: Mapping[str, Any]) -> bool:
    """Whether two forms of an object are equal, leaving out what moves by itself."""
    return _steady(left) == _steady(right)


def goes_back(earlier: Mapping[str, Any], later: Mapping[str, Any]) -> bool:
    """Whether a mark of a later reading is before that of an earlier one: what was changed cannot be unchanged."""
    pairs = [(earlier.get(name), later.get(name)) for name in MARKS]
    return any(isinstance(first, str) and isinstance(then, str) and then < first for first, then in pairs)


def _steady(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in UNSTEADY}
