"""Files that are either whole or not there: written beside their name, then renamed."""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from harness.errors import StorageError


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8. Lone surrogates, which no file may hold, become backslash escapes.

    Raises StorageError with one message when the directory or the disk refuses; a file of that name stays as it was.
    """
    write_chunks(path, (text.encode("utf-8", "backslashreplace"),))


def write_chunks(path: Path, chunks: Iterable[bytes]) -> None:
    """Write the concatenation of `chunks`; the same promises as `write_text`."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            file.writelines(chunks)
            file.flush()
        partial.replace(path)
    except OSError as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise storage_error(path, error) from error


def storage_error(path: Path, error: OSError) -> StorageError:
    """One message for a person: which file, what the system said, what to do."""
    said = error.strerror or str(error)
    return StorageError(f"{path}: cannot write: {said}. Free some space or choose another place with --out")


def writable(folder: Path) -> None:
    """Make the folder when it is missing; StorageError when nothing can be written there, before any work is lost."""
    partial = folder / f".writable.{os.getpid()}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(b"golive")
        partial.unlink()
    except OSError as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise storage_error(folder, error) from error
