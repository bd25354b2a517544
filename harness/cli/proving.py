"""What `golive run` does once its arguments are settings: start pytest, follow it, show its report."""

import os
import shutil
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.child import Ended, run_child
from harness.cli.progress import display
from harness.cli.secrets import redactor
from harness.errors import GoliveError, HarnessError, StorageError, UsageError
from harness.exit_status import ExitStatus
from harness.pytest_plugin.settings import RunSettings

if TYPE_CHECKING:
    from harness.report import RunReport

ROOT = Path(__file__).resolve().parents[2]
SUITE, BACKEND_SUITE = ROOT / "suites" / "golive", ROOT / "suites" / "backend"
LOG = "pytest.log"


def prove(settings: RunSettings, *, workers: int, shown_as: Path) -> ExitStatus:
    """Run the cases in a pytest process, show the summary, return the exit status of the verdict.

    Raises UsageError before the first request when a plan or a name is wrong; HarnessError when the process crashed
    before anything was proven.
    """
    if not SUITE.is_dir():
        raise UsageError(f"{SUITE} does not exist: golive runs from a checkout, installed with pip install --editable")
    reading, writing = os.pipe()
    with tempfile.TemporaryDirectory(prefix="golive-run-") as folder:
        # Outside the output directory: it holds the key of the fingerprints, and nothing may lie there of a run that is
        # refused.
        file, log = Path(folder) / "settings.json", Path(folder) / LOG
        notices = Path(folder) / "notices"
        notices.touch()
        settings.model_copy(update={"events_fd": writing, "notices": str(notices)}).save(file)
        screen = display()
        try:
            ended = run_child(
                _command(file, workers, _suites(settings)), log=log, events=(reading, writing), display=screen,
                notices=notices, meanwhile=_load_report,
            )  # fmt: skip
        finally:
            screen.close()
        if not ended.refused:
            log = _kept(log, settings.directory)
        report = report_of(settings.directory, ended, log)
    from harness.cli.show import show

    return show(report, shown_as)


def _load_report() -> None:
    """Import what the end of the run needs while pytest starts: a third of a second that nobody has to wait for."""
    import_module("harness.cli.show")


def _suites(settings: RunSettings) -> list[str]:
    """The folders whose tests prove the selected cases."""
    return [str(SUITE), *([str(BACKEND_SUITE)] if settings.proves_backend else [])]


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


def _kept(log: Path, directory: Path) -> Path:
    """The log of the run, now in its output directory."""
    kept = directory / LOG
    try:
        directory.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(log, kept)
    except OSError as error:
        raise StorageError(
            f"{directory}: cannot write there: {error.strerror or error}. Choose another place with --out"
        ) from error
    return kept


def report_of(directory: Path, ended: Ended, log: Path) -> "RunReport":
    """The report that the process wrote, or that of what it proved before it ended otherwise."""
    from harness.report import read_report, write_report

    if ended.refused:
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
