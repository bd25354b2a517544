"""What no case touched is named; what was touched is not."""

from typing import Any

from harness.report import fold
from harness.report.declared import Declared, DeclaredResource
from harness.report.uncovered import STEPS, Gap, field_steps, gaps

A = "roundtrip/update/QUICKBOOKS/bills"
DECLARED = Declared(
    resources={
        "bills": DeclaredResource(
            endpoints={
                "list": "GET /accounting/bills",
                "update": "PATCH /accounting/bills/{id}",
                "delete": "DELETE /x",
            },
            list_key="bills",
            item_key="bill",
            update_key="bill",
            fields=("id", "memo", "due_date", "tax_rate_id"),
            parameters={"list": ("limit", "sort"), "delete": ("force",)},
            unsupported={"QUICKBOOKS": ("delete",)},
        )
    }
)


def test_gaps_and_steps(run: Any) -> None:
    """A parameter that no request had and a field that no row had are gaps; what the platform lacks is none. An update
    that comes back takes its field all the way."""
    run.exchange(A, answer={"bills": [{"id": "b1", "memo": "old", "due_date": None}]})
    after = {"id": "b1", "memo": "new", "due_date": None}
    sent = {"bill": {"memo": "new"}}
    run.exchange(A, method="PATCH", path="/x/b1", operation="update", query="", body=sent, answer={"bill": after})
    run.exchange(A, answer={"bills": [after]})
    run.case(A)
    coverage = fold(run.done(declared=DECLARED)).coverage
    assert set(gaps(coverage)) == {
        Gap("parameter", "bills", "list?sort", ("QUICKBOOKS",)),
        Gap("field", "bills", "tax_rate_id"),
    }
    steps = dict(zip(STEPS, next(field_steps(coverage)).counts, strict=True))
    assert steps == {"declared": 4, "seen": 3, "filled": 2, "written": 1, "updated": 1, "compared": 1}
