"""The words of enums that no other case writes."""

from collections.abc import Iterator

from harness.contract import Contract, Field, Resource
from harness.plan.case import Requirement
from harness.plan.inputs import has, put
from harness.plan.values import UNDEFINED

WORDS = 3
"""At most so many further words of one input: what they make cannot be deleted everywhere."""

CODES = frozenset({"currency_code", "currency", "country", "country_code", "language"})
"""Enums that are long lists of codes."""

NEEDING = {
    ("accounts", "account_type"): frozenset({"accounts_payable", "accounts_receivable", "non_posting"}),
    ("items", "type"): frozenset({"inventory", "discount"}),
}
"""(resource, input) -> words that are no object of their own: books have one such ledger, or an item needs more beside
its type, which the optional inputs that belong to it bring along."""


def other_words(requirement: Requirement, contract: Contract) -> Iterator[tuple[str, str]]:
    """(input, word) for each enum that a create writes and that is read back under the same name: the words that
    neither the smallest create nor the optional input holds, up to `WORDS`."""
    resource = contract.resource(requirement.resource)
    body = requirement.create_input or {}
    for path, field in resource.create_fields.items():
        if field.name in CODES or field.deprecated or not _comes_back(resource, field, requirement.platform):
            continue
        if not has(body, path):
            if path not in requirement.optional_inputs:
                continue
            body_of = put(dict(body), path, requirement.optional_inputs[path])
        else:
            body_of = dict(body)
        words = field.enum or ()
        usual = [word for word in words if put(body_of, path, word) == body_of]
        unknown = UNDEFINED | NEEDING.get((resource.name, path), frozenset())
        further = [word for word in words if word not in unknown and word not in usual]
        if usual:
            yield from ((path, str(word)) for word in further[:WORDS] if word in (resource.fields[path].enum or ()))


def _comes_back(resource: Resource, field: Field, platform: str) -> bool:
    read = resource.fields.get(field.path)
    return bool(field.enum and field.on(platform) and read is not None and read.enum and read.on(platform))
