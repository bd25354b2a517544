"""The hooks and fixtures that pytest calls."""

import gc
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from harness.adapter import Rig
from harness.drive import Drive, World
from harness.errors import GoliveError
from harness.plan.case import Case
from harness.pytest_plugin.caselife import case_life
from harness.pytest_plugin.caserun import Judge
from harness.pytest_plugin.collecting import MARKER, Selection, case_of, is_empty_parameter_set, parametrise, round_of
from harness.pytest_plugin.controller import Controller
from harness.pytest_plugin.logs import withhold
from harness.pytest_plugin.options import add_options, collect_cases, settings_of
from harness.pytest_plugin.process import ProvingProcess
from harness.pytest_plugin.proof import Proof

GENERATIONS = (20_000, 20, 20)
"""Objects made before the collector looks for garbage, and how often it looks at older ones."""

SELECTION: pytest.StashKey[Selection] = pytest.StashKey()
CONTROLLER: pytest.StashKey[Controller] = pytest.StashKey()
PROCESS: pytest.StashKey[ProvingProcess] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options of a bare `pytest`."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Find out whether this session proves a target."""
    config.addinivalue_line("markers", MARKER)
    settings = settings_of(config)
    if settings is not None:
        config.stash[SELECTION] = Selection(settings)
        collect_cases(config)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Open the world once, in the process that controls the run; open ledger and session in each that proves."""
    config = session.config
    selection = config.stash.get(SELECTION, None)
    if selection is None or config.getoption("collectonly", False):
        return
    worker_input = getattr(config, "workerinput", None)
    if worker_input is not None:
        world = World.from_json(worker_input["golive_world"])
        config.stash[PROCESS] = ProvingProcess.open(selection, world, worker_input["workerid"])
        return
    controller = Controller(selection)
    config.stash[CONTROLLER] = controller
    config.pluginmanager.register(controller, "golive-controller")
    try:
        controller.open(workers=len(config.getoption("tx", None) or []) or 1)
        selection = config.stash[SELECTION] = controller.selection
        if not config.getoption("tx", None):
            config.stash[PROCESS] = ProvingProcess.open(selection, controller.world, "main")
    except GoliveError as error:
        controller.fatal(error)
        pytest.exit(f"golive: {error}", returncode=int(error.exit_status))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Hand the settings and the world to an xdist worker, through its own channel and no file."""
    controller = node.config.stash.get(CONTROLLER, None)
    if controller is not None:
        node.workerinput["golive_settings"] = controller.selection.settings.model_dump_json()
        node.workerinput["golive_world"] = controller.world.to_json()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep the cases of a group on one worker."""
    from harness.pytest_plugin.scheduling import GroupScheduling

    selection = config.stash.get(SELECTION, None)
    if selection is None:
        return None
    controller = config.stash.get(CONTROLLER, None)
    return GroupScheduling(
        config, log, {case.id: case.group for case in selection.cases}, ended=controller.ended if controller else None
    )


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: Any) -> None:
    """Keep what a worker left behind; a worker that died is an error of the run."""
    controller = node.config.stash.get(CONTROLLER, None)
    if controller is not None:
        controller.worker_ended(node.gateway.id, getattr(node, "workeroutput", None), error)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One parameter per selected case."""
    selection = metafunc.config.stash.get(SELECTION, None)
    if selection is not None:
        try:
            parametrise(metafunc, selection)
        except GoliveError as error:
            pytest.exit(f"golive: {error}", returncode=int(error.exit_status))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the placeholders of kinds without a selected case. Cases of one group stand together, so that one
    process alone proves them in the order in which workers do; repetitions begin when all cases had their turn."""
    empty = [item for item in items if is_empty_parameter_set(item)]
    if empty:
        config.hook.pytest_deselected(items=empty)
        items[:] = [item for item in items if not is_empty_parameter_set(item)]
    items.sort(key=lambda item: found.group if (found := case_of(item)) else "")
    items.sort(key=round_of)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """Take what stays to the end, thousands of tests and the contract, out of what the garbage collector looks
    through again and again: it would cost a twentieth of the run."""
    if SELECTION in session.config.stash:
        gc.collect()
        gc.freeze()
        gc.set_threshold(*GENERATIONS)


@pytest.fixture
def case(request: pytest.FixtureRequest) -> Case:
    """The case that a test proves; a test asks for it through its `case(...)` mark."""
    raise pytest.UsageError(f"{request.node.nodeid}: mark the test with @pytest.mark.case(kind)")


@pytest.fixture
def drive(request: pytest.FixtureRequest, case: Case) -> Drive:
    """What the test acts through: reads, writes and raw requests, recorded as evidence."""
    return request.config.stash[PROCESS].drive(case, round_of(request.node))


@pytest.fixture
def judge(request: pytest.FixtureRequest, case: Case) -> Judge:
    """Hands subjects to checks and keeps what they find."""
    return request.config.stash[PROCESS].judge(case)


@pytest.fixture
def proof(drive: Drive, case: Case, judge: Judge) -> Proof:
    """From this case's exchanges to subjects."""
    return Proof(drive, case, judge)


@pytest.fixture
def rig(request: pytest.FixtureRequest, drive: Drive) -> Rig:
    """An integration backend in its world: started, or found, by the first case that needs it."""
    return request.config.stash[PROCESS].rig(drive)


@pytest.fixture
def person(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """`person(text)`: tell whoever started the run, from whichever process, what they have to do."""
    settings = request.config.stash[PROCESS].selection.settings

    def tell(text: str) -> None:
        if settings.notices:
            with Path(settings.notices).open("a", encoding="utf-8") as file:
                file.write(" ".join(text.split()) + "\n")

    return tell


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Tell of a case once: its set-up and teardown only when they did not pass. Thousands of cases say nothing there,
    and each report costs the worker and the controller as much as a request. A worker of `golive run` says nothing of
    a case that passed: its result is in the ledger, and that it ended is what the scheduler hears anyway."""
    if PROCESS not in item.config.stash or case_of(item) is None:
        return None
    alone = not hasattr(item.config, "workerinput")
    terse = not alone and item.config.stash[SELECTION].settings.events_fd is not None
    if alone:
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for report in runtestprotocol(item, log=False, nextitem=nextitem):
        if not report.passed or (report.when == "call" and not terse):
            item.ihook.pytest_runtest_logreport(report=report)
    if alone:
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Run a case's test function so that it ends in the ledger whatever happens in it."""
    process = pyfuncitem.config.stash.get(PROCESS, None)
    found = case_of(pyfuncitem)
    if process is None or found is None:
        return (yield)
    arguments = pyfuncitem.funcargs
    drive, judge = arguments.get("drive"), arguments.get("judge")
    if not isinstance(drive, Drive) or not isinstance(judge, Judge):
        return (yield)
    with case_life(process, found, drive, judge):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Say in the report which case it is about; a case that could not start is recorded as an error. Tracebacks show
    variables, and what was printed anything: no report leaves with a secret in them."""
    report = yield
    found = case_of(item)
    process = item.config.stash.get(PROCESS, None)
    if found is None or process is None:
        return report
    withhold(report, process.redact)
    if call.when == "setup" and report.failed:
        process.record_setup_error(found, report)
    if call.when == "call" or report.failed:
        report.user_properties.append(("golive_case", found.id))
    return report


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Clean up, close, and write the report."""
    config = session.config
    process = config.stash.get(PROCESS, None)
    left = []
    errors = []
    if process is not None:
        try:
            left = process.close()
        except GoliveError as error:
            errors.append(str(error))
    worker_output = getattr(config, "workeroutput", None)
    if worker_output is not None:
        worker_output["golive"] = {"left": [item.model_dump() for item in left], "errors": errors}
        return
    controller = config.stash.get(CONTROLLER, None)
    if controller is not None and controller.opened:
        controller.left.extend(left)
        controller.errors.extend(errors)
        controller.finish(interrupted=exitstatus == pytest.ExitCode.INTERRUPTED)
        if controller.doubts and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say why a replay whose cases all passed is none of the recorded run."""
    controller = config.stash.get(CONTROLLER, None)
    for doubt in controller.doubts if controller is not None else ():
        terminalreporter.write_line(f"golive: INCONCLUSIVE, not GO: {doubt}", red=True)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what is still open, whatever happened before."""
    controller = config.stash.get(CONTROLLER, None)
    if controller is not None:
        controller.close()
