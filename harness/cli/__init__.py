"""The console script `golive`: arguments and exit codes. Every command imports its engine only when it runs."""

from harness.cli.boundary import main

__all__ = ["main"]
