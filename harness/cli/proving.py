"""What `golive run` does once its arguments are settings: check, start pytest, fold, show."""

import os
import sys
import tempfile
from pathlib import Path

from harness.cli.child import Ended, run_child
from harness.cli.progress import display
from harness.cli.secrets import redactor
from harness.cli.show import show
from harness.errors import GoliveError, HarnessError, StorageError, UsageError
from harness.exit_status import ExitStatus
from harness.pytest_plugin.settings import RunSettings
from harness.report import RunReport, read_report, write_report

ROOT = Path(__file__).resolve().parents[2]
SUITE, BACKEND_SUITE = ROOT / "suites" / "golive", ROOT / "suites" / "backend"
LOG = "pytest.log"


def prove(settings: RunSettings, *, workers: int, shown_as: Path) -> ExitStatus:
    """Run the cases in a pytest process, show the summary, return the exit status of the verdict.

    Raises UsageError before anything starts when a plan or a name is wrong; HarnessError when the process crashed
    before anything was proven.
    """
    settings = checked(settings)
    log = _log(settings)
    reading, writing = os.pipe()
    with tempfile.TemporaryDirectory(prefix="golive-run-") as folder:
        # Outside the output directory: it holds the key of the fingerprints.
        file = Path(folder) / "settings.json"
        settings.model_copy(update={"events_fd": writing}).save(file)
        screen = display()
        try:
            ended = run_child(
                _command(file, workers, _suites(settings)), log=log, events=(reading, writing), display=screen
            )
        finally:
            screen.close()
    return show(report_of(settings.directory, ended, log), shown_as)


def checked(settings: RunSettings) -> RunSettings:
    """The settings with names in the contract's spelling. Refuses wrong plans, platforms, resources, areas and emulator
    settings before anything starts."""
    from harness.contract import load_contract
    from harness.pytest_plugin.collecting import Selection

    if not SUITE.is_dir():
        raise UsageError(f"{SUITE} does not exist: golive runs from a checkout, installed with pip install --editable")
    contract = load_contract()
    settings = settings.model_copy(
        update={
            "platforms": tuple(contract.platform(name) for name in settings.platforms),
            "resources": tuple(contract.resource(name).name for name in settings.resources),
        }
    )
    if not Selection(settings).cases:
        raise UsageError("no case is left: the selection excludes everything that the plans ask for")
    if settings.target == "emulator":
        from harness.emulator import EmulatorSettings
        from harness.emulator.defects import chosen

        EmulatorSettings().with_options(settings.emulator)
        chosen(settings.defects)
    return settings


def _suites(settings: RunSettings) -> list[str]:
    """The folders whose tests prove the selected cases."""
    from harness.pytest_plugin.collecting import Selection

    return [str(SUITE), *([str(BACKEND_SUITE)] if Selection(settings).backend is not None else [])]


def _command(file: Path, workers: int, suites: list[str]) -> list[str]:
    spread = ["-n", str(workers)] if workers > 1 else []
    options = ["--golive-settings", str(file), "--quiet", "--no-header", "--color=no", "--tb=short", "--assert=plain"]
    # A warning of a library is no defect of the target, and must not become one.
    calm = ["-p", "no:cacheprovider", "-W", "default"]
    # Plugins that no case uses cost each worker seconds, at its start and around each case.
    idle = ("schemathesis", "locust", "anyio", "logging", "unraisableexception", "threadexception")
    calm += ["--capture=no", *(part for name in idle for part in ("-p", f"no:{name}"))]
    configuration = ["-c", str(ROOT / "pyproject.toml"), "--rootdir", str(ROOT)]
    return [sys.executable, "-m", "pytest", *configuration, *options, *calm, *spread, *suites]


def _log(settings: RunSettings) -> Path:
    log = settings.directory / LOG
    try:
        settings.directory.mkdir(parents=True, exist_ok=True)
        log.write_bytes(b"")
    except OSError as error:
        raise StorageError(
            f"{settings.directory}: cannot write there: {error.strerror or error}. Choose another place with --out"
        ) from error
    return log


def report_of(directory: Path, ended: Ended, log: Path) -> RunReport:
    """The report that the process wrote, or that of what it proved before it ended otherwise."""
    if ended.fatal is not None and not ended.collected:
        raise _fatal(ended)
    crash = ended.crash
    errors = () if crash is None or ended.interrupted else (f"pytest {crash}: {_tail(log)}",)
    if not ended.collected:
        if ended.interrupted:
            raise _interrupted()
        raise HarnessError(
            f"pytest {crash or 'ended'} before anything was proven: {_tail(log)}. Its output is in {log}"
        )
    if ended.finished and not errors:
        report = read_report(directory)
        if report.run.interrupted or not ended.interrupted:
            return report
    return write_report(directory, interrupted=ended.interrupted, errors=errors)


def _fatal(ended: Ended) -> GoliveError:
    fatal = ended.fatal or {}
    error = GoliveError(str(fatal.get("message")))
    error.exit_status = ExitStatus(int(fatal.get("exit_status", ExitStatus.HARNESS_ERROR)))
    return error


def _interrupted() -> GoliveError:
    error = GoliveError("interrupted before the first request; nothing was proven")
    error.exit_status = ExitStatus.INTERRUPTED
    return error


def _tail(log: Path) -> str:
    """The line of the log that says most: the last of an internal error, else the last at all."""
    try:
        lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines()]
    except OSError as error:
        return f"its log cannot be read ({error.strerror or error})"
    internal = [line.removeprefix("INTERNALERROR>").strip() for line in lines if line.startswith("INTERNALERROR>")]
    told = [line for line in internal or lines if line]
    return redactor().text(told[-1]) if told else "it said nothing"
