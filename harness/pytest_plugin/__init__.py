"""The pytest plugin: options, cases to tests, fixtures, the ledger, the report at the end.

pytest loads `harness.pytest_plugin.hooks`. Passive in every session that proves no target: without a path below
`suites/golive` (or `--golive-settings`) no plan is read and no emulator is started.
"""
