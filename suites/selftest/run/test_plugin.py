"""The plugin as pytest finds it."""

import harness.pytest_plugin
from harness.pytest_plugin import hooks


def test_every_hook_is_where_pytest_looks():
    """pytest registers the package, so a hook that it does not export is never called."""
    written = {name for name in vars(hooks) if name.startswith("pytest_") and name.islower()}
    assert written <= set(harness.pytest_plugin.__all__)
