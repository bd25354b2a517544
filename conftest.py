"""Loads the golive plugin for every suite; a bare `pytest suites/golive` then behaves like `golive run`."""

pytest_plugins = ["harness.pytest_plugin.hooks"]
