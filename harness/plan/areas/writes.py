"""Cases of the area `writes`: what a create takes and refuses."""

from collections.abc import Iterator

from harness.contract import Contract, Field, Resource
from harness.plan.case import Case, Requirement
from harness.plan.inputs import UNKNOWN_ID, has
from harness.plan.words import other_words


def expand(requirement: Requirement, contract: Contract) -> Iterator[Case]:
    """The cases of one resource on one platform."""
    resource = contract.resource(requirement.resource)
    platform = requirement.platform

    def case(kind: str, detail: str = "", **params: object) -> Case:
        return Case(f"writes.{kind}", platform, resource.name, detail, params, requirement.plans)

    for operation in ("create", "update", "delete"):
        if resource.has(operation) and resource.has("list") and not resource.supports(operation, platform):
            yield case("unsupported", operation, operation=operation)
    if requirement.create_input is None:
        return
    yield case("create")
    if set(requirement.create_input) - set(requirement.smallest_input or requirement.create_input):
        yield case("smallest")
    yield from (case("required", path, path=path) for path in required_inputs(requirement, resource))
    yield from (case("optional", path, path=path) for path in requirement.optional_inputs)
    for path, word in other_words(requirement, contract):
        yield case("word", f"{path}.{word}", path=path, word=word)
    yield case("unwrapped")
    named = references(requirement, resource)
    if named:
        yield case("reference", named[0], path=named[0])
    wrong = list(wrong_inputs(requirement, contract, resource))
    if wrong:
        yield case("invalid", wrong=wrong)
    if requirement.changes and resource.supports("get", platform):
        wrong = list(wrong_changes(requirement, resource))
        if wrong:
            yield case("update_invalid", wrong=wrong)


def required_inputs(requirement: Requirement, resource: Resource) -> list[str]:
    """Inputs without which the contract refuses a create on the platform, and that the smallest create has."""
    body = requirement.create_input or {}
    return [
        path
        for path, field in resource.create_fields.items()
        if (field.required or requirement.platform in field.required_on)
        and field.on(requirement.platform)
        and has(body, path)
    ]


NO_DAY = "2024-13-45"
NO_AMOUNT = "a lot"
NO_WORD = "golive_no_such_word"
"""What no API may take for a date, a number or a word of an enum."""

Wrong = tuple[str, str, str]
"""(input path, what it is given, why that is wrong)."""


def wrong_inputs(requirement: Requirement, contract: Contract, resource: Resource) -> Iterator[Wrong]:
    """Inputs of a create and what each must be refused with: one date, one amount, each enum, each further reference.
    The first reference has cases of its own."""
    body = requirement.create_input or {}
    given = {path: field for path, field in resource.create_fields.items() if has(body, path)}
    told: set[str] = set()
    for path, field in given.items():
        for kind, value, why in _nonsense(field):
            if kind == "enum" or kind not in told:
                told.add(kind)
                yield path, value, why
    first = references(requirement, resource)[:1]
    for path, field in given.items():
        if field.ref not in {None, "*"} and path not in first and not field.is_array:
            referred = contract.referenced(str(field.ref))
            if referred is not None and referred.supports("list", requirement.platform):
                yield path, UNKNOWN_ID, "names no object"


def wrong_changes(requirement: Requirement, resource: Resource) -> Iterator[Wrong]:
    """The same for an update: one date and one reference."""
    told: set[str] = set()
    for path in (*(requirement.changes or {}), *requirement.further_changes):
        field = resource.update_fields.get(path)
        if field is None or field.is_array or field.is_object:
            continue
        if field.ref is not None and "ref" not in told:
            told.add("ref")
            yield path, UNKNOWN_ID, "names no object"
        for kind, value, why in _nonsense(field):
            if kind == "date" and kind not in told:
                told.add(kind)
                yield path, value, why


def _nonsense(field: Field) -> Iterator[tuple[str, str, str]]:
    if field.is_array or field.is_object or field.ref is not None:
        return
    if field.format in {"date-time", "date"}:
        yield "date", NO_DAY if field.format == "date" else f"{NO_DAY}T00:00:00.000Z", "is no day"
    elif field.types <= {"number", "integer"} and field.types:
        yield "amount", NO_AMOUNT, "is no number"
    elif field.enum is not None:
        yield "enum", NO_WORD, "is no word of its enum"


def references(requirement: Requirement, resource: Resource) -> list[str]:
    """Top-level inputs of the smallest create that hold the id of another object."""
    body = requirement.create_input or {}
    return [
        path
        for path, field in resource.create_fields.items()
        if "." not in path and field.ref is not None and not field.is_array and path in body
    ]
