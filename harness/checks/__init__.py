"""The judges: pure functions from evidence to findings. No I/O, no clock, no client."""

from harness.checks.registry import Check, Observation, Subject, all_checks, check, get_check, judge

__all__ = ["Check", "Observation", "Subject", "all_checks", "check", "get_check", "judge"]
