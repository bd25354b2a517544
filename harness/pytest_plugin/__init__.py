"""The pytest plugin: options, cases to tests, fixtures, the ledger, the report at the end.

Passive in every session that proves no target: without a path below `suites/golive` (or `--golive-settings`) no plan
is read and no emulator is started.
"""

from harness.pytest_plugin.hooks import (
    case,
    drive,
    judge,
    proof,
    pytest_addoption,
    pytest_collection_modifyitems,
    pytest_configure,
    pytest_configure_node,
    pytest_generate_tests,
    pytest_pyfunc_call,
    pytest_runtest_makereport,
    pytest_runtest_protocol,
    pytest_runtestloop,
    pytest_sessionfinish,
    pytest_sessionstart,
    pytest_testnodedown,
    pytest_unconfigure,
    pytest_xdist_make_scheduler,
    rig,
)

__all__ = [
    "case",
    "drive",
    "judge",
    "proof",
    "pytest_addoption",
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_configure_node",
    "pytest_generate_tests",
    "pytest_pyfunc_call",
    "pytest_runtest_makereport",
    "pytest_runtest_protocol",
    "pytest_runtestloop",
    "pytest_sessionfinish",
    "pytest_sessionstart",
    "pytest_testnodedown",
    "pytest_unconfigure",
    "pytest_xdist_make_scheduler",
    "rig",
]
