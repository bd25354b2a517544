"""The settings under which cassettes are played: all that was recorded, or what some of its plans ask for."""

from collections.abc import Iterable
from pathlib import Path

from harness.contract import load_contract
from harness.errors import UsageError
from harness.plan import default_plan_paths, load_plan
from harness.pytest_plugin.cassettes import header_of
from harness.pytest_plugin.settings import RunSettings


def replay_settings(folder: Path, *, out: str, command: str) -> RunSettings:
    """The settings under which a cassette folder is played: what was recorded decides all of them."""
    header = header_of(folder)
    return RunSettings(
        mode="replay",
        target=header["target"],
        plans=tuple(str(_plan(path, folder)) for path in header["plans"]),
        platforms=tuple(header["platforms"]),
        resources=tuple(header["resources"]),
        select=tuple(header["select"]),
        each_once=header["each_once"],
        of_cases=tuple(header["recovered"]) if "recovered" in header else None,
        out=out,
        seed=header["seed"],
        clock=header["clock"],
        cassettes=str(folder.resolve()),
        cleanup=False,
        command=command,
    )


def _plan(path: str, folder: Path) -> Path:
    """The file of a recorded plan: it is told relative to the cassette folder, so that both may move together. Else the
    shipped plan of that name: what it asks is compared with what was recorded anyway."""
    shipped = [plan for plan in default_plan_paths() if plan.name == Path(path).name]
    candidates = [(folder / path).resolve(), Path(path).resolve(), *shipped]
    return next((candidate for candidate in candidates if candidate.is_file()), candidates[0])


def narrowed(settings: RunSettings, plans: Iterable[Path]) -> RunSettings:
    """A replay of only what some plans ask for, from the files that are given. UsageError for a plan that is not
    recorded."""
    contract = load_contract()
    recorded = {}
    for path in map(Path, settings.plans or default_plan_paths()):
        if path.is_file():
            recorded[load_plan(path, contract).plan] = path.resolve()
    given = {load_plan(path, contract).plan: path.resolve() for path in plans}
    for name, path in given.items():
        if name not in recorded and (settings.plans == () or all(Path(item).is_file() for item in settings.plans)):
            raise UsageError(
                f'{path}: plan "{name}" is not in {settings.cassettes}, which holds {", ".join(sorted(recorded))}. '
                f"Record it: golive record {path} --into FOLDER"
            )
    used = {**recorded, **given}
    return settings.model_copy(
        update={
            "plans": tuple(map(str, used.values())) if used != recorded else settings.plans,
            "of_plans": tuple(given),
        }
    )
