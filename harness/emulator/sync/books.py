"""The books as the platform's own software has them: what a sync reads, before any of it is in the API."""

import re
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import orjson

from harness.contract import Contract, load_contract
from harness.emulator.bookkeeping import dataset
from harness.emulator.clock import read_millis, to_millis
from harness.emulator.jsontext import dense
from harness.emulator.settings import EmulatorSettings
from harness.emulator.sync.entities import entity_date

Document = dict[str, Any]
DAYS_OF_A_MONTH = 30.44
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class PlatformBooks:
    """The books behind connections that were linked while the emulator ran: each connection has its own."""

    def __init__(self, contract: Contract, settings: EmulatorSettings) -> None:
        self._contract, self._settings = contract, settings

    def of(self, connection: Mapping[str, Any]) -> Mapping[str, list[Document]]:
        """Every document by resource, the same each time for one connection."""
        if connection["origin"] == "start" or self._settings.linked_books == "empty":
            return {}
        settings = self._settings
        return _own(connection["id"], connection["platform"], self._contract.version, settings.seed, settings.seed_at)

    def find(self, connection: Mapping[str, Any], resource: str, id: str) -> Document | None:
        """One document; None when the platform has none."""
        return next((item for item in self.of(connection).get(resource, ()) if item["id"] == id), None)

    def within(
        self, connection: Mapping[str, Any], resources: frozenset[str], since: datetime, until: datetime
    ) -> Iterator[tuple[str, list[Document]]]:
        """What a sync of `resources` over a span of document dates finds; undated resources in full."""
        first, last = to_millis(since), to_millis(until)
        for resource, documents in self.of(connection).items():
            if resource in resources:
                yield resource, [item for item in documents if _inside(resource, item, first, last)]


@lru_cache(maxsize=2)
def _own(connection: str, platform: str, version: str, seed: int, now: datetime) -> Mapping[str, list[Document]]:
    """The books of a platform with ids of the connection's own: as consistent, and disjoint from every other's."""
    own = _OwnIds(uuid.UUID(connection))
    text = dense(seeded(platform, version, seed, now)).decode()
    made: dict[str, list[Document]] = orjson.loads(UUID.sub(lambda match: own[match[0]], text))
    return made


class _OwnIds(dict[str, str]):
    """The ids of a connection's own, by those of the platform's books: most are named many times."""

    def __init__(self, owner: uuid.UUID) -> None:
        super().__init__()
        self._owner = owner

    def __missing__(self, id: str) -> str:
        own = self[id] = str(uuid.uuid5(self._owner, id))
        return own


@lru_cache(maxsize=2)
def seeded(platform: str, version: str, seed: int, now: datetime) -> Mapping[str, list[Document]]:
    """The generated books of a platform, not to be changed. The last two are kept: generating takes a second, and who
    links a platform often has a connection of the start to it as well."""
    return dataset(load_contract(version), platform, seed=seed, now=now)


def months_before(instant: datetime, months: float) -> datetime:
    """The start of a look-back of `months`; the first instant of all where it would be before that."""
    try:
        return instant - timedelta(days=DAYS_OF_A_MONTH * months)
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)


def _inside(resource: str, document: Document, first: int, last: int) -> bool:
    date = entity_date(resource, document)
    moment = read_millis(date) if date else None
    return moment is None or first <= moment <= last
