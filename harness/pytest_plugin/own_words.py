"""What the run will make up: no personal data, also where an earlier run has left it on the target."""

from collections.abc import Iterable, Mapping
from typing import Any

from harness.plan.case import Case, Requirement


def own_words(requirements: Iterable[Requirement], cases: Iterable[Case]) -> list[Any]:
    """All inputs that the plans and cases hold, with the fields of dotted paths under their last name."""
    inputs: list[Any] = []
    for item in requirements:
        inputs += [item.create_input, item.smallest_input, item.changes, item.optional_inputs, item.further_changes]
    return [_by_name(value) for value in (*inputs, *(dict(case.params) for case in cases))]


def _by_name(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key).rpartition(".")[2].removesuffix("[]"): _by_name(item) for key, item in value.items()}
    return [_by_name(item) for item in value] if isinstance(value, (list, tuple)) else value
