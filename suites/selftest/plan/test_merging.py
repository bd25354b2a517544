"""Several plans together: per resource and platform the union, the strictest wins."""

from typing import Any

import pytest

from harness.contract import Contract
from harness.errors import ContractError, UsageError
from harness.plan import Case, Plan, Requirement, matches, merge, select_cases, unsupported
from harness.plan.select import each_once


def plan(name: str, resource: str, platforms: tuple[str, ...] = ("QUICKBOOKS",), **rules: Any) -> Plan:
    """A plan of one resource."""
    return Plan.model_validate({"plan": name, "title": name, "platforms": platforms, "resources": {resource: rules}})


def only(contract: Contract, *plans: Plan) -> Requirement:
    """The one requirement that plans merge to."""
    (requirement,) = merge(plans, contract)
    return requirement


def test_the_strictest_wins(contract: Contract) -> None:
    """Required beats nullable, the higher share and the higher number of rows count, plans and advisories add up."""
    merged = only(
        contract,
        plan("one", "bills", fields={"required": ["id"], "nullable": ["memo"], "fill": {"due_date": 0.2}}),
        plan(
            "two",
            "bills",
            fields={"required": ["memo"], "fill": {"due_date": 0.7, "memo": 0.1}},
            queries={"minimum_rows": 60},
            delete=True,
            advisory=["dates"],
        ),
    )
    assert merged.plans == ("one", "two")
    assert (merged.required, merged.nullable) == (("id", "memo"), ())
    assert merged.fill == {"due_date": 0.7, "memo": 0.1}
    assert (merged.minimum_rows, merged.delete, merged.advisory) == (60, True, frozenset({"dates"}))


def test_queries_are_the_union_and_everything_when_a_plan_does_not_say(contract: Contract) -> None:
    """Lists add up; a plan that names none asks for all that the contract has."""
    one = plan("one", "bills", queries={"filter": ["status"], "sort": [], "params": ["expand"]})
    two = plan("two", "bills", queries={"filter": ["vendor_id"], "sort": ["due_date"], "params": ["expand"]})
    both = only(contract, one, two)
    assert (both.filter, both.sort, both.params) == (("status", "vendor_id"), ("due_date",), ("expand",))
    every = only(contract, one, plan("three", "bills"))
    assert set(every.filter) == set(contract.resource("bills").filterable)
    assert {"document_number", "updated_at_min", "id_type"} <= set(every.params)
    assert not {"access_token", "cursor", "limit", "filter", "sort"} & set(every.params)


def test_what_a_platform_ignores_is_not_asked(contract: Contract) -> None:
    """Sage Intacct ignores filter and sort, and has no `document_number` parameter. Source: [S24], [H:8753216581]."""
    merged = only(contract, plan("one", "bills", ("SAGE_INTACCT",)))
    assert (merged.filter, merged.sort) == ((), ())
    assert "document_number" not in merged.params
    assert "updated_at_min" in merged.params


def test_fields_of_other_platforms_are_left_out(contract: Contract) -> None:
    """One plan for several platforms asks each only for the fields that it has."""
    both = plan("one", "vendors", ("QUICKBOOKS", "NETSUITE"), fields={"required": ["subsidiaries", "id"]})
    assert {item.platform: item.required for item in merge([both], contract)} == {
        "QUICKBOOKS": ("id",),
        "NETSUITE": ("subsidiaries", "id"),
    }


def test_writes_take_the_plans_values_over_generated_ones(contract: Contract) -> None:
    """What a plan writes replaces the generated value, a platform's own replaces that, null takes a key out, and what
    the platform does not have is left out at any depth."""
    rules = {
        "input": {
            "document_number": "A-1",
            "memo": "from the plan",
            "line_items": [{"item": {"id": "x"}, "total_amount": 5}],
        },
        "by_platform": {"NETSUITE": {"memo": None, "document_number": "N-1"}},
    }
    merged = merge([plan("one", "bills", ("QUICKBOOKS", "NETSUITE", "SAGE_INTACCT"), create=rules)], contract)
    bodies = {item.platform: item.create_input or {} for item in merged}
    assert bodies["QUICKBOOKS"]["memo"] == "from the plan"
    assert bodies["QUICKBOOKS"]["currency_code"] == "USD"
    assert "memo" not in bodies["NETSUITE"]
    assert bodies["NETSUITE"]["document_number"] == "N-1"
    assert bodies["SAGE_INTACCT"]["line_items"] == [{"total_amount": 5}]


def test_optional_inputs_are_all_the_named_or_all_but_the_skipped(contract: Contract) -> None:
    """`optional` says exactly which, `skip` takes some out of all."""
    named = only(contract, plan("one", "bills", create={"optional": {"memo": "x"}}))
    assert named.optional_inputs == {"memo": "x"}
    skipped = only(contract, plan("one", "bills", create={"skip": ["memo"]}))
    assert "memo" not in skipped.optional_inputs
    assert "due_date" in skipped.optional_inputs
    together = {"$together": {"line_items[].project_id": "p", "line_items[].description": "d"}}
    pruned = only(contract, plan("one", "bills", create={"optional": {"line_items[].description": together}}))
    assert pruned.optional_inputs == {"line_items[].description": {"$together": {"line_items[].description": "d"}}}


def test_writes_that_a_platform_does_not_do_are_told(contract: Contract) -> None:
    """A write or resource that a platform does not have makes no requirement and is data for the run to tell."""
    plans = [
        plan("one", "bills", ("XERO",), delete=True),
        plan("two", "sales_orders", ("XERO", "NETSUITE"), create=True),
    ]
    merged = {(item.platform, item.resource): item for item in merge(plans, contract)}
    assert set(merged) == {("XERO", "bills"), ("NETSUITE", "sales_orders")}
    assert merged["XERO", "bills"].delete is False
    assert [(item.platform, item.resource, item.operation) for item in unsupported(plans, contract)] == [
        ("XERO", "bills", "delete"),
        ("XERO", "sales_orders", None),
    ]
    assert unsupported(plans, contract, platforms=["NETSUITE"]) == []


def test_an_update_without_anything_to_change_is_none(contract: Contract) -> None:
    """Sage Intacct lets nothing of a bank feed account be changed: no update is asked for."""
    assert only(contract, plan("one", "bank_feed_accounts", ("SAGE_INTACCT",), update=True)).changes is None


def test_platforms_and_resources_narrow_the_plans(contract: Contract) -> None:
    """The command line takes platforms and resources out; unknown ones are refused with the nearest right name."""
    both = plan("one", "bills", ("QUICKBOOKS", "XERO"))
    assert [item.platform for item in merge([both], contract, platforms=["xero"])] == ["XERO"]
    assert merge([both], contract, resources=["vendors"]) == []
    with pytest.raises(ContractError, match='Did you mean "XERO"'):
        merge([both], contract, platforms=["XER"])
    with pytest.raises(ContractError, match='Did you mean "bills"'):
        merge([both], contract, resources=["bils"])


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ("fields/**", True),
        ("**", True),
        ("**/bills/**", True),
        ("fields/types/XERO/bills/**", True),
        ("fields/*/XERO/bills", True),
        ("fields/typ*/*/bills", True),
        ("fields/*", False),
        ("fields/*/bills", False),
        ("queries/**", False),
        ("fields/types/XERO/bill", False),
        ("fields/types/XERO/b.lls", False),
    ],
)
def test_patterns_of_case_ids(pattern: str, fits: bool) -> None:
    """`*` is one part or a piece of one, `**` any number of parts, none included; the whole id has to match."""
    assert matches("fields/types/XERO/bills", [pattern]) is fits


def test_cases_are_selected_by_area_kind_or_pattern() -> None:
    """A selection narrows by what it names; one that leaves nothing or names no area is refused."""
    cases = [
        Case(kind, platform, "bills") for kind in ("fields.types", "dates.format") for platform in ("XERO", "WAVE")
    ]
    assert len(select_cases(cases)) == 4
    assert {case.kind for case in select_cases(cases, areas=["dates"])} == {"dates.format"}
    assert len(select_cases(cases, areas=["fields.types"], platforms=["XERO"])) == 1
    assert [case.platform for case in select_cases(cases, areas=["*/format/XERO/**"])] == ["XERO"]
    with pytest.raises(UsageError, match='Did you mean "fields"'):
        select_cases(cases, areas=["feilds"])
    with pytest.raises(UsageError, match="no case is left: the plans ask for nothing that is money"):
        select_cases(cases, areas=["money"])


def test_each_resource_is_left_on_one_of_few_platforms() -> None:
    """The platform with most resources has all of its own; others only add what is missing, and what is about them."""
    named = [("A", "bills"), ("A", None), ("B", "bills"), ("B", "items"), ("B", None), ("C", "orders"), ("C", None)]
    cases = [Case("fields.types", platform, resource) for platform, resource in [*named, ("B", "vendors")]]
    kept = [(case.platform, case.resource) for case in each_once(cases)]
    assert kept == [("B", "bills"), ("B", "items"), ("B", None), ("C", "orders"), ("C", None), ("B", "vendors")]
