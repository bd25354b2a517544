"""Every write of a run, written down before it is sent, so that what the run created can be removed after any end."""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import StorageError

NAME = "writes.ndjson"


@dataclass(frozen=True, slots=True)
class Created:
    """An object that the run made and that is still there as far as the journal knows."""

    platform: str
    resource: str
    id: str | None
    key: str | None
    case: str | None


@dataclass(frozen=True, slots=True)
class Remains:
    """An object that could not be removed, and why."""

    platform: str
    resource: str
    id: str | None
    why: str
    case: str | None


class Journal:
    """Append-only NDJSON of one worker; each line is flushed before the request leaves."""

    def __init__(self, directory: Path, worker: str) -> None:
        folder = directory / "workers" / worker
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = (folder / NAME).open("a", encoding="utf-8")
        except OSError as error:
            raise StorageError(f"{folder}: cannot write the journal: {error.strerror or error}") from error

    def intend(self, platform: str, resource: str, key: str, case: str | None) -> None:
        """A create is about to be sent under this idempotency key."""
        self._write({"event": "intend", "platform": platform, "resource": resource, "key": key, "case": case})

    def created(self, key: str, id: str) -> None:
        """The create of that key made the object `id`."""
        self._write({"event": "created", "key": key, "id": id})

    def settled(self, key: str) -> None:
        """The create of that key was refused: nothing to remove."""
        self._write({"event": "settled", "key": key})

    def deleted(self, id: str) -> None:
        """The object is gone."""
        self._write({"event": "deleted", "id": id})

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _write(self, line: dict[str, Any]) -> None:
        try:
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()
        except OSError as error:
            raise StorageError(
                f"{self._file.name}: cannot write: {error.strerror or error}. Free some space"
            ) from error


def standing(path: Path) -> list[Created]:
    """What a journal says is still there, newest first. Creates without a known outcome have `id` None."""
    intents: dict[str, Created] = {}
    unsettled: dict[str, Created] = {}
    ids: dict[str, Created] = {}
    for line in _lines(path):
        match line["event"]:
            case "intend":
                intent = Created(line["platform"], line["resource"], None, line["key"], line["case"])
                intents[line["key"]] = unsettled[line["key"]] = intent
            case "created":
                made = intents[line["key"]]
                ids[line["id"]] = Created(made.platform, made.resource, line["id"], made.key, made.case)
                unsettled.pop(line["key"], None)
            case "settled":
                unsettled.pop(line["key"], None)
            case "deleted":
                ids.pop(line["id"], None)
    return [*reversed(ids.values()), *unsettled.values()]


def made_beside(directory: Path, worker: str, ids: Collection[str]) -> frozenset[str]:
    """Which of these objects another worker of the run in `directory` created, by its journal."""
    found: set[str] = set()
    for path in (directory / "workers").glob(f"*/{NAME}"):
        if path.parent.name != worker:
            found.update(line["id"] for line in _lines(path) if line["event"] == "created" and line["id"] in ids)
    return frozenset(found)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if path.exists():
        with path.open(encoding="utf-8") as file:
            for line in file:
                if line.endswith("\n"):
                    yield json.loads(line)
