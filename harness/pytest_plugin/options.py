"""pytest's own options for a bare `pytest suites/golive`, and whether a session proves a target at all."""

from pathlib import Path

import pytest

from harness.plan.backend import BACKEND
from harness.pytest_plugin.settings import DEFAULT_OUT, RunSettings

SUITE, BACKEND_SUITE = Path("suites") / "golive", Path("suites") / "backend"
REPLAY, CASSETTES = Path("suites") / "replay", Path("cassettes")


def add_options(parser: pytest.Parser) -> None:
    """The group `golive` of `pytest --help`."""
    group = parser.getgroup("golive", "prove a target")
    group.addoption("--golive-settings", metavar="FILE", help="settings of the run as JSON, written by `golive run`")
    group.addoption("--golive-target", metavar="TARGET", default="emulator", help="emulator, sandbox, production, URL")
    group.addoption("--golive-plan", metavar="FILE", action="append", default=[], help="a plan; default: all shipped")
    group.addoption("--golive-platform", metavar="P", action="append", default=[], help="only this platform")
    group.addoption("--golive-resource", metavar="R", action="append", default=[], help="only this resource")
    group.addoption("--golive-select", metavar="AREA", action="append", default=[], help="only this area")
    group.addoption("--golive-out", metavar="DIR", default=DEFAULT_OUT, help="where the report goes")
    group.addoption("--golive-rate", metavar="N/Ss", default=None, help="rate budget such as 500/10s, or off")
    group.addoption("--golive-cassettes", metavar="DIR", default=None, help="what suites/replay plays; cassettes")


def settings_of(config: pytest.Config) -> RunSettings | None:
    """The settings of this session; None when it proves no target."""
    worker = getattr(config, "workerinput", None)
    if worker is not None:
        text = worker.get("golive_settings")
        return RunSettings.model_validate_json(text) if text else None
    if config.getoption("golive_bench", None):
        return None  # harness.proving drives this session itself
    file = config.getoption("golive_settings")
    if file:
        return RunSettings.load(Path(file))
    if _names(config, REPLAY, above=False):
        return replayed(config)
    api, backend = _names(config, SUITE), _names(config, BACKEND_SUITE)
    if not api and not backend:
        return None
    areas = tuple(config.getoption("golive_select"))
    return RunSettings(
        target=config.getoption("golive_target"),
        plans=tuple(config.getoption("golive_plan")),
        platforms=tuple(config.getoption("golive_platform")),
        resources=tuple(config.getoption("golive_resource")),
        select=areas if api else areas or ("backend",),
        out=config.getoption("golive_out"),
        rate=config.getoption("golive_rate"),
        backend=str(BACKEND) if backend and BACKEND.is_file() else "",
        command="pytest " + " ".join(config.invocation_params.args),
    )


def collect_cases(config: pytest.Config) -> None:
    """`pytest suites/replay` collects the cases of suites/golive as well, in every process of it."""
    if _names(config, REPLAY, above=False) and not _names(config, SUITE, above=False):
        config.args.append(str(config.rootpath / SUITE))


def replayed(config: pytest.Config) -> RunSettings:
    """The settings of `pytest suites/replay`: of the cassettes of the checkout, or of a folder that is named."""
    from harness.pytest_plugin.replaying import replay_settings

    command = "pytest " + " ".join(config.invocation_params.args)
    folder = Path(config.getoption("golive_cassettes") or config.rootpath / CASSETTES)
    return replay_settings(folder, out=config.getoption("golive_out"), command=command)


def _names(config: pytest.Config, folder: Path, *, above: bool = True) -> bool:
    """Whether an argument lies in a folder of suites, or (above) is a folder above it."""
    suite = (config.rootpath / folder).resolve()
    for argument in config.args:
        path = (config.invocation_params.dir / argument.partition("::")[0]).resolve()
        if path == suite or suite in path.parents or (above and path in suite.parents):
            return True
    return False
