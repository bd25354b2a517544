"""Records: everything that is no document. Connections, jobs, keys, configurations, events, marks."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from harness.emulator.storage.database import Database
from harness.emulator.storage.rows import encode
from harness.emulator.storage.sortkeys import storable

LAST = "\U0010ffff"
"""Sorts behind every id that starts with a prefix."""
COUNT = "INSERT INTO records (kind, id, body) VALUES ('counter', ?, ?) ON CONFLICT (kind, id) DO UPDATE SET body ="
KEPT = 4096
"""Records that are kept parsed while one process owns the database."""


class Records:
    """Records by kind and id, in the order in which they were first kept. An `alias` finds one by another name."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._kept: dict[tuple[str, str], Any] = {}
        self._aliases: defaultdict[str, dict[str, str]] = defaultdict(dict)
        self._counters: dict[str, int] = {}
        self._raised: set[str] = set()
        database.before_commit(self._write_counters)
        database.on_undo(self._kept.clear)
        database.on_undo(self._aliases.clear)

    def keep(self, kind: str, id: str, body: Any, alias: str | None = None) -> None:
        """Insert or replace."""
        self._database.write(
            "INSERT INTO records (kind, id, alias, body) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (kind, id) DO UPDATE SET alias = excluded.alias, body = excluded.body",
            *(kind, id, alias, encode(body)),
        )
        self._kept.pop((kind, id), None)
        if alias is not None:
            self._aliases.pop(kind, None)

    def get(self, kind: str, id: str) -> Any:
        """The record, to be changed by `keep` only; None when there is none."""
        if (kind, id) in self._kept:
            return self._kept[kind, id]
        found = self._database.row("SELECT body FROM records WHERE kind = ? AND id = ?", kind, id)
        if found is None:
            return None
        body = json.loads(found[0])
        if not self._database.shared:
            if len(self._kept) >= KEPT:
                self._kept.clear()
            self._kept[kind, id] = body
        return body

    def named(self, kind: str, alias: str) -> Any:
        """The record with this alias; None when there is none."""
        id = self._aliases[kind].get(alias)
        kept = self._kept.get((kind, id)) if id is not None else None
        if kept is not None:
            return kept
        if id is None:
            found = self._database.row("SELECT id FROM records WHERE kind = ? AND alias = ?", kind, alias)
            if found is None:
                return None
            id = found[0]
            if not self._database.shared:
                self._aliases[kind][alias] = id
        return self.get(kind, id)

    def all(self, kind: str, prefix: str) -> Iterator[tuple[str, Any]]:
        """Every record of a kind with its id, those whose id has the prefix."""
        where, values = ("kind = ? AND id >= ? AND id < ?", (kind, prefix, prefix + LAST)) if prefix else (
            "kind = ?", (kind,))  # fmt: skip
        statement = f"SELECT id, body FROM records WHERE {where} ORDER BY position"  # noqa: S608 - constant texts
        for id, body in self._database.rows(statement, *values):
            yield id, json.loads(body)

    def first(self, kind: str) -> tuple[str, Any] | None:
        """The record of a kind whose id sorts before all others, with its id; None when there is none."""
        found = self._database.row("SELECT id, body FROM records WHERE kind = ? ORDER BY id LIMIT 1", kind)
        return (found[0], json.loads(found[1])) if found else None

    def raise_counter(self, id: str, least: int) -> int:
        """Raise the counter by one, or to `least` when that is more; its new value. Who owns the database counts in
        memory and writes each counter once for all that is committed together."""
        if not self._database.shared:
            value = self._counters[id] = max(self._counter(id) + 1, least)
            self._raised.add(id)
            return value
        found = self._database.change(
            f"{COUNT} CASE WHEN CAST(records.body AS BIGINT) >= CAST(excluded.body AS BIGINT) "
            "THEN CAST(CAST(records.body AS BIGINT) + 1 AS TEXT) ELSE excluded.body END RETURNING body",
            *(id, str(least)),
        )
        return int(found[0])

    def _counter(self, id: str) -> int:
        if id not in self._counters:
            found = self._database.row("SELECT body FROM records WHERE kind = 'counter' AND id = ?", id)
            self._counters[id] = int(found[0]) if found else 0
        return self._counters[id]

    def _write_counters(self) -> None:
        for id in self._raised:
            self._database.write(f"{COUNT} excluded.body", id, str(self._counters[id]))
        self._raised.clear()

    def forget(self, kind: str, id: str) -> bool:
        """Delete a record; whether it was there."""
        self._kept.pop((kind, id), None)
        return bool(self._database.change("DELETE FROM records WHERE kind = ? AND id = ?", kind, id))


class Kind(Mapping[str, Any]):
    """A live view on the records of one kind, by id."""

    def __init__(self, records: Records, kind: str) -> None:
        self._records = records
        self._kind = kind

    def __getitem__(self, id: str) -> Any:
        found = self._records.get(self._kind, storable(id))
        if found is None:
            raise KeyError(id)
        return found

    def __iter__(self) -> Iterator[str]:
        return (id for id, _ in self._records.all(self._kind, ""))

    def __len__(self) -> int:
        return sum(1 for _ in self)
