"""Shelves: the documents of one connection and resource, a small number in every row and index entry."""

from collections.abc import Mapping
from dataclasses import dataclass

from harness.emulator.storage.database import Database
from harness.emulator.storage.rows import COLUMNS, Row
from harness.emulator.storage.sortkeys import Layout


@dataclass(frozen=True, slots=True)
class Shelf:
    """A shelf: the `columns` of its documents (shelf, id, platform_id, updated, body, extra, keys...), and the
    statement that puts one there, whether it is new or not."""

    id: int
    layout: Layout
    columns: tuple[str, ...]
    put: str


class Shelves:
    """The shelves of a database, found once and kept: their numbers never change."""

    def __init__(self, database: Database, layouts: Mapping[str, Layout]) -> None:
        self._database = database
        self._layouts = layouts
        self._known: dict[tuple[str, str], Shelf] = {}
        database.on_undo(self._known.clear)

    def get(self, connection: str, resource: str) -> Shelf:
        """The shelf of a connection and resource, made when there is none."""
        known = self._known.get((connection, resource))
        return known if known is not None else self._find(connection, resource)

    def of(self, connection: str) -> list[int]:
        """The numbers of the shelves of a connection."""
        return [row[0] for row in self._database.rows("SELECT id FROM shelves WHERE connection = ?", connection)]

    def _find(self, connection: str, resource: str) -> Shelf:
        layout = self._layouts.get(resource, Layout())
        wanted = "SELECT id, layout FROM shelves WHERE connection = ? AND resource = ?"
        found = self._database.row(wanted, connection, resource)
        if found is None:
            with self._database.transaction():
                self._database.write(
                    "INSERT INTO shelves (connection, resource, layout) VALUES (?, ?, ?) "
                    "ON CONFLICT (connection, resource) DO NOTHING",
                    *(connection, resource, layout.name()),
                )
                found = self._database.row(wanted, connection, resource)
        shelf = _shelf(found[0], layout)
        if found[1] != layout.name():
            self._rekey(shelf)
        self._known[connection, resource] = shelf
        return shelf

    def _rekey(self, shelf: Shelf) -> None:
        """Make the keys of a shelf anew: the database was written for another contract."""
        names = [f"k{number}" for number in range(len(shelf.layout.slots))]
        change = f"UPDATE documents SET {', '.join(f'{name} = ?' for name in names)} WHERE position = ?"  # noqa: S608 - our own columns
        with self._database.transaction():
            if names:
                rows = self._database.rows(f"SELECT {COLUMNS} FROM documents WHERE shelf = ?", shelf.id)  # noqa: S608 - constant names
                found = (Row(*row) for row in rows)
                self._database.write_many(change, ((*shelf.layout.keys(row.document), row.position) for row in found))
            self._database.write("UPDATE shelves SET layout = ? WHERE id = ?", shelf.layout.name(), shelf.id)


def _shelf(id: int, layout: Layout) -> Shelf:
    keys = [f"k{number}" for number in range(len(layout.slots))]
    names = ["shelf", "id", "platform_id", "updated", "body", "extra", *keys]
    insert = f"INSERT INTO documents ({', '.join(names)}) VALUES ({', '.join('?' for _ in names)})"  # noqa: S608 - our own columns
    changes = ", ".join(f"{name} = excluded.{name}" for name in names[2:])
    return Shelf(id, layout, tuple(names), f"{insert} ON CONFLICT (shelf, id) DO UPDATE SET {changes}")
