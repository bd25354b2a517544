"""From the journals of a recording to a cassette folder: when it ended, or what a crash left of it."""

import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from harness.core import Redactor, iso_utc
from harness.drive import World
from harness.errors import StorageError, UsageError
from harness.pytest_plugin.cassettes import AHEAD, EMULATED, HEADER, STANDING, ends, redaction_key, seal_of, told_by
from harness.pytest_plugin.settings import RunSettings
from harness.recording import merge
from harness.recording.cassette_file import SHARED, SUFFIX
from harness.report.ledger import read_cases

DRAFT = "recording.json"
"""In the folder of the workers: what the header of the cassettes will say, from the start of a recording."""

ATTRIBUTES = ".gitattributes"
AS_THEY_ARE = "# Cassettes are sealed byte by byte: git must not change their line ends.\n* -text\n"
OF_FILES = ("golive", "contract", "target", "recorded_on", "seed", "clock")
"""What each file says as well."""


def draft(settings: RunSettings, world: World) -> dict[str, Any]:
    """What is known of a recording when it starts. Plans are told relative to the cassette folder."""
    redactor = Redactor(redaction_key(settings, world))
    emulated = settings.target == "emulator"
    instant = STANDING + AHEAD if emulated else datetime.fromisoformat(str(settings.clock))
    return {
        "golive": version("golive"),
        "contract": world.target.version,
        "target": world.target.name,
        "recorded_on": datetime.now(UTC).date().isoformat(),
        "seed": settings.seed,
        "clock": iso_utc(instant),
        "plans": [Path(os.path.relpath(path, settings.cassettes)).as_posix() for path in settings.plans],
        "platforms": list(settings.platforms),
        "resources": list(settings.resources),
        "select": list(settings.select),
        "each_once": settings.each_once,
        "world": _safe(world, redactor, emulated=emulated),
    }


def begin(settings: RunSettings, world: World) -> None:
    """Keep the draft beside the journals: a crash leaves both. StorageError when the cassette folder takes no file."""
    place = settings.directory / "workers" / DRAFT
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps(draft(settings, world), ensure_ascii=False) + "\n", "utf-8")
    _prepare(Path(settings.cassettes))


def install(settings: RunSettings, world: World, cases: Mapping[str, Sequence[str]]) -> int:
    """Merge the journals of all workers into the cassette folder; how many interactions there are. `cases` are the ids
    of each group's cases."""
    return _write(settings.directory, Path(settings.cassettes), draft(settings, world), cases)


def recover(directory: Path, folder: Path) -> tuple[int, int]:
    """Write what a recording that did not end had kept in its output directory; how many interactions, and of how many
    cases that ended. A replay plays those, and is never GO. UsageError when nothing was recorded there."""
    place = directory / "workers" / DRAFT
    try:
        found = json.loads(place.read_bytes())
    except FileNotFoundError as error:
        raise UsageError(f"{place}: no recording left anything there. Name the --out of one") from error
    except (OSError, ValueError) as error:
        raise StorageError(f"{place}: cannot be read: {error}") from error
    results = read_cases(directory)
    groups: dict[str, list[str]] = {}
    for case in results:
        groups.setdefault(f"{case.platform}:{case.resource or 'api'}", []).append(case.id)
    return _write(directory, folder, {**found, "recovered": sorted(case.id for case in results)}, groups), len(results)


def _write(directory: Path, folder: Path, header: Mapping[str, Any], cases: Mapping[str, Sequence[str]]) -> int:
    _prepare(folder)
    for old in [*folder.glob(f"*/*{SUFFIX}"), *folder.glob(f"*/{SHARED}")] if (folder / HEADER).exists() else ():
        old.unlink()
    count = merge(directory / "workers", folder, {name: header[name] for name in OF_FILES}, cases)
    told = {name: value for name, value in header.items() if name != "world"}
    told |= {"told": told_by(directory), "world": header["world"], "files": ends(folder)}
    told["seal"] = seal_of(told)
    # The order of the connections decides which one is "another": it stays as the target told it.
    (folder / HEADER).write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return count


def _prepare(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / ATTRIBUTES).exists():
            (folder / ATTRIBUTES).write_text(AS_THEY_ARE, "utf-8")
        if (folder / HEADER).exists():
            (folder / HEADER).open("ab").close()
    except OSError as error:
        raise StorageError(
            f"{folder}: cannot record there: {error.strerror or error}. Choose another folder with --into"
        ) from error


def _safe(world: World, redactor: Redactor, *, emulated: bool) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(world.to_json())
    target = data["target"]
    if emulated:
        target["base_url"] = EMULATED
    for name in ("client_id", "client_secret"):
        target[name] = redactor.learn(name, target[name])
    target["tokens"] = {key: redactor.learn("access_token", value) for key, value in sorted(target["tokens"].items())}
    for item in data["connections"].values():
        item["access_token"] = redactor.learn("access_token", item["access_token"])
        item["link_url"] = None
    return data
