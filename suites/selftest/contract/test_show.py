"""What `golive contract show` says, for a person and for a program."""

import json

import pytest

from harness.contract import Contract, load_contract
from harness.contract.show import WIDTH, describe, render
from harness.errors import ContractError


@pytest.fixture(scope="module")
def contract() -> Contract:
    """The packaged contract."""
    return load_contract()


def test_a_program_gets_everything(contract: Contract) -> None:
    """Operations with support and its source, wrapper keys, fields and parameters are JSON-able data."""
    facts = json.loads(json.dumps(describe(contract, "bills")))
    assert facts["wrapper_keys"] == {"list": "bills", "item": "bill", "create": "bill", "update": "bill"}
    operations = {item["name"]: item for item in facts["operations"]}
    assert (operations["delete"]["platforms"], operations["delete"]["source"]) == (
        ["NETSUITE", "QUICKBOOKS"],
        "2023-03-14",
    )
    assert "supported" not in operations["delete"]
    fields = {item["path"]: item for item in facts["fields"]}
    assert set(fields) == set(contract.resource("bills").fields)
    assert fields["vendor_id"]["refers_to"] == "vendors"
    assert fields["due_date"]["date"] == fields["due_date"]["format"] == "date-time"
    assert (fields["total_amount"]["money"], fields["memo"]["money"]) == (True, False)
    assert fields["amount_due"]["read_only"] is True
    assert "submitted" in fields["status"]["enum"]
    assert facts["required_on_create"] == list(contract.resource("bills").required_on_create)
    assert facts["filterable"]["documented"] == ["vendor_id", "due_date", "status", "document_number"]
    assert {item["name"]: item["time_unit"] for item in facts["query"]["list"]}["updated_at_min"] == "unix-ms"


def test_a_platform_narrows_the_facts(contract: Contract) -> None:
    """With a platform only its own fields, inputs and parameters are there; each operation says whether it works."""
    facts = describe(contract, "bill", platform="sage_intacct")
    assert (facts["resource"], facts["platform"]) == ("bills", "SAGE_INTACCT")
    assert {item["name"]: item["supported"] for item in facts["operations"]}["delete"] is False
    inputs = {item["path"] for item in facts["create_fields"]}
    assert "line_items[].project_id" in inputs
    assert "line_items[].tax_rate_id" not in inputs
    assert "document_number" not in {item["name"] for item in facts["query"]["list"]}


def test_a_person_reads_the_same(contract: Contract) -> None:
    """The text names operations with their source, bodies, parameters, and marks what is required, money and a date."""
    text = render(describe(contract, "bills", platform="XERO"))
    for line in (
        r"bills on XERO: accounting, contract 2024-08-31",
        "no (as of 2023-03-14)",
        '{"bills": ..., "connection": ...}',
        "Unix milliseconds",
        "documented  vendor_id, due_date, status, document_number",
        "* vendor_id",
        "number; money",
        "string; date-time; may be null",
        "id in vendors",
    ):
        assert line in text
    assert "only NETSUITE" not in text


def test_without_a_platform_limits_are_told(contract: Contract) -> None:
    """Over all platforms, the text says where an operation works and which fields are limited to which."""
    text = render(describe(contract, "bills"))
    assert "NETSUITE, QUICKBOOKS (as of 2023-03-14)" in text
    assert "only NETSUITE, QUICKBOOKS, XERO" in " ".join(text.split())


def test_what_filter_replaces_is_not_called_deprecated_where_there_is_no_filter(contract: Contract) -> None:
    """On Sage Intacct `updated_at_min` stays. Source: [S24] ListParams."""
    line = next(
        line
        for line in render(describe(contract, "bills", platform="SAGE_INTACCT")).splitlines()
        if "updated_at_min" in line
    )
    assert "deprecated" not in line


def test_every_resource_can_be_shown(contract: Contract) -> None:
    """Each resource has a text that keeps its width; large objects are one line that says how much is below."""
    for name in contract.resources:
        text = render(describe(contract, name))
        longest = max(text.splitlines(), key=len)
        assert len(longest) <= WIDTH + 20, longest
        assert len(text.splitlines()) < 450, name
    assert "fields below it; --json shows them" in render(describe(contract, "products"))


def test_unknown_names_lead_to_the_right_ones(contract: Contract) -> None:
    """A misspelt resource or platform is refused with the nearest right one."""
    with pytest.raises(ContractError, match='Did you mean "bills"'):
        describe(contract, "bils")
    with pytest.raises(ContractError, match='Did you mean "XERO"'):
        describe(contract, "bills", platform="XERRO")
