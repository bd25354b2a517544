"""What a connection can be made of without its end user: a platform with the credentials that are its own."""

from collections.abc import Iterator
from typing import Any

from harness.contract import Contract, Operation
from harness.emulator.errors import invalid_request
from harness.emulator.validity import requested

SUFFIX = "credentials"


def credentials(contract: Contract, operation: Operation, body: Any) -> Any:
    """The body of `POST /connections/create`, when it has the credentials of its platform; ApiError 400 otherwise.

    The contract lists the credentials of all platforms as alternatives and says nowhere whose they are but in their
    names: `WooCommerceCredentials` belong to WOO_COMMERCE. A platform that has none of its own there (the bank feeds)
    takes any. Source: [S24] CreateConnectionBody.
    """
    platform = body.get("platform") if isinstance(body, dict) else None
    for name in _alternatives(contract, operation):
        if isinstance(platform, str) and _plain(name) == _plain(platform) + SUFFIX:
            for problem in contract.validator(name).problems(body):
                where = f"{problem.path}: " if problem.path else ""
                raise invalid_request(f"{where}{problem.message} ({platform})", field=problem.path or "platform")
    return requested(contract, operation, body)


def _alternatives(contract: Contract, operation: Operation) -> Iterator[str]:
    """The names of the schemas one of which the body must have."""
    whole = contract.schemas.get(operation.request_schema or "", {})
    for part in whole.get("allOf", ()):
        for branch in part.get("anyOf", ()):
            yield branch.get("$ref", "").rpartition("/")[2]


def _plain(name: str) -> str:
    return name.replace("_", "").lower()
