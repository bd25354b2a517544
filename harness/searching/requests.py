"""Requests made from the contract: right ones and wrong ones, by schemathesis."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from schemathesis import GenerationMode

from harness.contract import Contract, Operation

EXAMPLES = 15
SENT_BY_US = frozenset({"access_token", "cursor"})
"""Parameters that a drive fills in: a made-up one would only try the door."""


@dataclass(frozen=True, slots=True)
class Made:
    """A request in parts. `query` is flat text; `body` None: without one."""

    query: tuple[tuple[str, str], ...]
    body: Any


def requests_of(contract: Contract, operation: Operation, *, wrong: bool, at: int, count: int = EXAMPLES) -> list[Made]:
    """Up to `count` different requests of an operation, drawn from the seed `at`. `wrong` ones leave the contract
    somewhere; what they leave it in may be a header or a token that is not sent, so each is held against the contract
    again by whoever judges."""
    found = _schema(contract)[operation.path][operation.method]
    mode = GenerationMode.NEGATIVE if wrong else GenerationMode.POSITIVE
    made: dict[str, Made] = {}
    options = settings(
        max_examples=count * 3, deadline=None, database=None, verbosity=Verbosity.quiet, phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck), print_blob=False,
    )  # fmt: skip

    @seed(at)
    @options
    @given(found.as_strategy(generation_mode=mode))
    def collect(case: Any) -> None:
        if len(made) < count:
            request = _made(case)
            made.setdefault(repr(request), request)

    collect()
    return list(made.values())


def _made(case: Any) -> Made:
    query = tuple(
        (str(name), str(value))
        for name, value in (case.query or {}).items()
        if name not in SENT_BY_US and isinstance(value, (str, int, float)) and _sendable(f"{name}{value}")
    )
    body = case.body if isinstance(case.body, (Mapping, list, str, int, float)) else None
    return Made(query, body)


def _sendable(text: str) -> bool:
    """Lone surrogates cannot be put into a URL by any client."""
    return not any(0xD800 <= ord(sign) <= 0xDFFF for sign in text)


@cache
def _schema(contract: Contract) -> Any:
    return schemathesis.openapi.from_dict(dict(contract.document))
