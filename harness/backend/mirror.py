"""The mirror: rows as the API gave them last, and how far each list was read; a page commits with its checkpoint."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.engine import Connection

from harness.backend.database import Database
from harness.backend.schema import CURSORS, MIRROR, TOMBSTONES


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a resource of a connection was read; see the table for the meaning of each."""

    since_ms: float | None = None
    page: str | None = None
    walk: int = 0
    whole: bool = True
    highest_ms: float | None = None
    supported: bool = True
    walked_at: float | None = None


class Mirror:
    """The mirror of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def progress(self, connection_id: str, resource: str) -> Progress:
        """How far it was read; a fresh one when it never was."""
        columns = (CURSORS.c.since_ms, CURSORS.c.page, CURSORS.c.walk, CURSORS.c.whole, CURSORS.c.highest_ms,
                   CURSORS.c.supported, CURSORS.c.walked_at)  # fmt: skip
        place = (CURSORS.c.connection_id == connection_id, CURSORS.c.resource == resource)
        with self._database.begin(durable=False) as connection:
            row = connection.execute(select(*columns).where(*place)).first()
        return (
            Progress() if row is None else Progress(row[0], row[1], row[2], bool(row[3]), row[4], bool(row[5]), row[6])
        )

    def save(self, connection: Connection, connection_id: str, resource: str, progress: Progress) -> None:
        """Remember how far it was read, inside a transaction."""
        values = {
            "since_ms": progress.since_ms, "page": progress.page, "walk": progress.walk, "whole": int(progress.whole),
            "highest_ms": progress.highest_ms, "supported": int(progress.supported), "walked_at": progress.walked_at,
        }  # fmt: skip
        kept = self._database.upsert(CURSORS).values(connection_id=connection_id, resource=resource, **values)
        connection.execute(
            kept.on_conflict_do_update(index_elements=[CURSORS.c.connection_id, CURSORS.c.resource], set_=values)
        )

    def keep(
        self, connection: Connection, connection_id: str, resource: str, rows: Sequence[dict[str, Any]], walk: int
    ) -> None:
        """Store rows of a page: never over a newer state, never what an event said is deleted."""
        ids = [str(row["id"]) for row in rows]
        buried = set(
            connection.execute(
                select(TOMBSTONES.c.id).where(
                    TOMBSTONES.c.connection_id == connection_id,
                    TOMBSTONES.c.resource == resource,
                    TOMBSTONES.c.id.in_(ids),
                )
            ).scalars()
        )
        values = [
            {
                "connection_id": connection_id,
                "resource": resource,
                "id": str(row["id"]),
                "walk": walk,
                "body": json.dumps(row, sort_keys=True),
                "synced_ms": millis(row.get("last_synced_at")),
            }
            for row in rows
            if str(row["id"]) not in buried
        ]
        if not values:
            return
        put = self._database.upsert(MIRROR)
        put = put.on_conflict_do_update(
            index_elements=[MIRROR.c.connection_id, MIRROR.c.resource, MIRROR.c.id],
            set_={"body": put.excluded.body, "synced_ms": put.excluded.synced_ms, "walk": put.excluded.walk},
            where=MIRROR.c.synced_ms <= put.excluded.synced_ms,
        )
        connection.execute(put, values)

    def unseen(self, connection_id: str, resource: str, walk: int) -> list[str]:
        """The ids that a whole walk did not see."""
        wanted = select(MIRROR.c.id).where(
            MIRROR.c.connection_id == connection_id, MIRROR.c.resource == resource, MIRROR.c.walk < walk
        )
        with self._database.begin(durable=False) as connection:
            return list(connection.execute(wanted).scalars())

    def drop(self, connection: Connection, connection_id: str, resource: str, ids: Iterable[str]) -> None:
        """Forget objects that are gone, inside a transaction."""
        for id in ids:
            connection.execute(
                delete(MIRROR).where(
                    MIRROR.c.connection_id == connection_id, MIRROR.c.resource == resource, MIRROR.c.id == id
                )
            )

    def bury(self, connection_id: str, resource: str, id: str, at: float) -> None:
        """Forget an object that was deleted at a time, for good: a page that was read before may still have it."""
        place = {"connection_id": connection_id, "resource": resource, "id": id}
        buried = self._database.upsert(TOMBSTONES).values(**place, deleted_at=at).on_conflict_do_nothing()
        with self._database.begin() as connection:
            connection.execute(buried)
            connection.execute(
                delete(MIRROR).where(
                    MIRROR.c.connection_id == connection_id, MIRROR.c.resource == resource, MIRROR.c.id == id
                )
            )

    def counts(self, connection_id: str) -> dict[str, int]:
        """How many rows each resource has."""
        counted = select(MIRROR.c.resource, func.count()).where(MIRROR.c.connection_id == connection_id)
        with self._database.begin() as connection:
            return {row[0]: row[1] for row in connection.execute(counted.group_by(MIRROR.c.resource))}

    def rows(self, connection_id: str, resource: str, *, after: str = "", most: int = 100) -> list[dict[str, Any]]:
        """Rows in the order of their ids, after one of them."""
        wanted = select(MIRROR.c.body).where(
            MIRROR.c.connection_id == connection_id, MIRROR.c.resource == resource, MIRROR.c.id > after
        )
        with self._database.begin() as connection:
            bodies = connection.execute(wanted.order_by(MIRROR.c.id).limit(most)).scalars()
            return [json.loads(body) for body in bodies]


def millis(value: Any) -> float:
    """Unix milliseconds of a timestamp; 0 for what is none."""
    if not isinstance(value, str):
        return 0.0
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return 0.0
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000
