"""Recording: one append-only journal per worker, a line per interaction, flushed before the answer is used."""

import json
from collections.abc import Iterable
from pathlib import Path

from harness.core import Redactor
from harness.core.bodies import parse_json
from harness.errors import StorageError
from harness.recording.interaction import Answered, Asked, Interaction, answered, asked

JOURNAL = "interactions.ndjson"


class Recorder:
    """Keeps what vcrpy hears. `turn` says where the run is; outside of a chapter nothing is kept."""

    replays = False

    def __init__(self, journal: Path, redactor: Redactor, base_url: str) -> None:
        self._redactor, self.base_url = redactor, base_url
        self._group, self._chapter = "", ""
        try:
            journal.parent.mkdir(parents=True, exist_ok=True)
            self._file = journal.open("a", encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            raise StorageError(f"{journal}: cannot record there: {error.strerror or error}") from error

    def turn(self, group: str, chapter: str) -> None:
        """What comes next belongs to this chapter."""
        self._group, self._chapter = group, chapter

    def answer(self, method: str, url: str, headers: Iterable[tuple[str, str]], body: bytes) -> None:  # noqa: ARG002 - as a player
        """Nothing: the target answers."""
        return

    def keep(
        self, request: tuple[str, str, Iterable[tuple[str, str]], bytes],
        status: int, headers: Iterable[tuple[str, str]], body: bytes,
    ) -> None:  # fmt: skip
        """Append an exchange."""
        if self._group:
            self._write(self._asked(request), answered(self._redactor, self.base_url, status, headers, body))

    def fail(self, request: tuple[str, str, Iterable[tuple[str, str]], bytes], problem: str) -> None:
        """Append a request that got no answer; `problem` is `Kind: message`."""
        if self._group:
            self._write(self._asked(request), Answered(None, problem=self._redactor.text(problem)))

    def close(self) -> None:
        """Close the journal."""
        self._file.close()

    def _asked(self, request: tuple[str, str, Iterable[tuple[str, str]], bytes]) -> Asked:
        method, url, headers, body = request
        self._redactor.sent(parse_json(body)[0] if self._redactor.pseudonymises else None)
        return asked(self._redactor, self.base_url, method, url, headers, body)

    def _write(self, request: Asked, response: Answered) -> None:
        line = Interaction(self._group, self._chapter, request, response).to_json()
        try:
            self._file.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
            self._file.flush()
        except OSError as error:
            raise StorageError(
                f"{self._file.name}: cannot write: {error.strerror or error}. Free some space"
            ) from error
