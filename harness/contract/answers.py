"""Whether an answer fits what the contract says of its operation."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from harness.contract.loader import Contract

MOST = 5
"""Problems of one answer that are told."""


def problems_of_answer(contract: Contract, method: str, path: str, status: int, body: Any) -> Iterator[str]:
    """What is wrong with a JSON answer, a line each: its place and what the contract wants there. Nothing is known of
    a status that the contract does not describe; a success under an unknown path is a problem."""
    item = _operations(contract).get(method.lower(), {})
    found = next((schema for pattern, schema in item.items() if re.fullmatch(pattern, path)), None)
    if found is None and status == 200:
        yield "the contract has no such operation"
    elif status == 200 and found:
        for number, problem in enumerate(contract.validator_of(found).problems(body)):
            if number == MOST:
                return
            yield f"{problem.path or 'the body'}: {problem.message}"


@cache
def _operations(contract: Contract) -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
    """By method: pattern of the path, and the schema of a success; an empty one when none is described."""
    found: dict[str, dict[str, Mapping[str, Any]]] = {}
    for path, methods in sorted(contract.document["paths"].items(), key=lambda item: item[0].count("{")):
        pattern = re.sub(r"\\\{[^/]+?\\\}", "[^/]+", re.escape(path))
        for method, operation in methods.items():
            if isinstance(operation, dict) and "responses" in operation:
                content = operation["responses"].get("200", {}).get("content", {})
                found.setdefault(method, {})[pattern] = content.get("application/json", {}).get("schema", {})
    return found
