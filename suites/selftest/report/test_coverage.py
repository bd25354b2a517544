"""What the evidence shows of the API's surface."""

from typing import Any

import pytest

from harness.contract import load_contract
from harness.report import declare, fold
from harness.report.coverage import leaves, path_template, presence
from harness.report.model import RunReport
from harness.report.surface import EndpointCell, FieldCell

A = "roundtrip/create/QUICKBOOKS/bills"


def cell(report: RunReport, endpoint: str, platform: str = "QUICKBOOKS") -> EndpointCell:
    """The endpoint cell of that name."""
    return next(one for one in report.coverage.endpoints if (one.endpoint, one.platform) == (endpoint, platform))


def field(report: RunReport, path: str) -> FieldCell:
    """The field cell of bills."""
    return next(one for one in report.coverage.fields[0].fields if one.field == path)


def test_endpoints_are_counted_by_platform(run: Any) -> None:
    """Requests are counted per declared endpoint and platform, with those that answered 200; the unasked stay."""
    run.exchange(A)
    run.exchange(A, status=500)
    run.exchange(A, platform="XERO")
    run.exchange(None, path="/connections", platform=None, resource=None, operation="connections")
    report = fold(run.done())
    listed = cell(report, "GET /accounting/bills")
    assert (listed.requests, listed.ok, listed.statuses) == (2, 1, {"200": 1, "500": 1})
    assert cell(report, "GET /accounting/bills", "XERO").requests == 1
    assert cell(report, "POST /accounting/bills", "XERO").requests == 0
    assert cell(report, "GET /connections", "-").requests == 1


def test_fields_are_counted_over_distinct_rows(run: Any) -> None:
    """A row that is read twice counts once; null and empty are seen but not filled; what nobody declared is marked."""
    rows = [
        {"id": "1", "memo": "x", "due_date": None, "surprise": 1},
        {"id": "2", "memo": "", "line_items": [{"total_amount": 1}]},
    ]
    for _ in range(2):
        run.exchange(A, answer={"bills": rows})
    report = fold(run.done())
    assert report.coverage.fields[0].rows == 2
    assert (field(report, "memo").seen, field(report, "memo").filled) == (2, 1)
    assert (field(report, "due_date").seen, field(report, "due_date").filled) == (1, 0)
    assert field(report, "line_items[].total_amount").filled == 1
    assert (field(report, "tax_rate_id").seen, field(report, "tax_rate_id").declared) == (0, True)
    assert not field(report, "surprise").declared


def test_a_written_field_counts_as_compared_when_the_case_reads_it_back(run: Any) -> None:
    """Only a value that the same case reads back from the API counts as compared; dates are compared by day."""
    sent = {"memo": "lunch", "due_date": "2024-02-29T10:00:00Z", "tax_rate_id": "t1"}
    run.exchange(A, method="POST", operation="create", body={"bill": sent}, answer={"bill": {"id": "9", **sent}})
    came = {"id": "9", "memo": "dinner", "due_date": "2024-02-29T00:00:00.000Z", "tax_rate_id": "t1"}
    run.exchange(A, path="/accounting/bills/9", operation="get", answer={"bill": came})
    run.exchange("roundtrip/other/QUICKBOOKS/bills", path="/accounting/bills/9", operation="get", answer={"bill": sent})
    report = fold(run.done())
    counted = {path: (field(report, path).written, field(report, path).compared) for path in sent}
    assert counted == {"memo": (1, 0), "due_date": (1, 1), "tax_rate_id": (1, 1)}


def test_a_redirecting_target_cannot_fill_the_report(run: Any) -> None:
    """Paths that nobody declared are folded into templates and bounded in number."""
    for number in range(600):
        run.exchange(
            None,
            path=f"/strange/{'abcdefgh'[number % 8]}{number:x}q{'z' * (number // 8)}",
            resource=None,
            operation=None,
        )
    assert len(fold(run.done()).coverage.endpoints) < 450


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/versioned/accounting/bills", "/accounting/bills"),
        ("/versioned/accounting/bills/7f3c22aa-1b2c-4d5e", "/accounting/bills/{id}"),
        ("/versioned/accounting/bank_feeds/accounts", "/accounting/bank_feeds/accounts"),
        ("/jobs/{{secret:0a1b}}", "/jobs/{id}"),
    ],
)
def test_path_templates(path: str, template: str) -> None:
    """A segment with digits that is long enough to be an id becomes `{id}`; names stay."""
    assert path_template(path) == template


def test_presence_and_leaves_walk_nested_rows() -> None:
    """Nested objects and arrays are walked by path; the platform's own record is not."""
    row = {"a": {"b": [{"c": 0}, {"c": None}]}, "platform_data": {"x": 1}, "e": []}
    seen, filled = presence(row)
    assert seen == {"a", "a.b", "a.b[].c", "platform_data", "e"}
    assert filled == {"a", "a.b", "a.b[].c", "platform_data"}
    assert leaves(row) == {"a.b[].c": (0, None)}


def test_the_contract_declares_what_the_report_draws() -> None:
    """Declared endpoints and fields come from the contract; statements that nest without end are cut at one level."""
    declared = declare(load_contract(), ["bills", "balance_sheets"], ["QUICKBOOKS", "FREEAGENT"])
    bills = declared.resources["bills"]
    assert bills.endpoints["list"] == "GET /accounting/bills"
    assert (bills.list_key, bills.item_key, bills.create_key) == ("bills", "bill", "bill")
    assert "line_items[].total_amount" in bills.fields
    assert "update" in bills.unsupported["FREEAGENT"]
    assert len(declared.resources["balance_sheets"].fields) < 120
