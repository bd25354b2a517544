"""Other views of the same rows: expanded, and by the platform's own id."""

import pytest

from harness.checks.attachments import Printed
from harness.checks.errors import Failing
from harness.checks.oracle import changed_rows, mixed_up
from harness.checks.queries import Expanded


@pytest.mark.case("queries.expand")
def test_expand_adds_the_raw_record(proof, judge, drive, case):
    """expand=platform_data adds the raw record to each row and changes nothing else."""
    before = proof.snapshot()
    options = {"limit": 3} if proof.described.is_paged else {}
    walk = drive.walk(proof.name, expand="platform_data", max_pages=2, **options)
    seen = list(walk.rows)
    judge(_expanded(proof, before, seen, walk.pages[-1]), "queries.expand")
    proof.moved(before, seen)
    single = proof.described.operations.get("get")
    if seen and single is not None and "expand" in single.parameters and proof.described.supports("get", case.platform):
        answer = drive.get(proof.name, str(seen[0].get("id")), expand="platform_data")
        judge(_expanded(proof, before, [row] if (row := proof.item(answer)) else [], answer), "queries.expand")


def _expanded(proof, before, seen, answer):
    """Rows that were asked for with their raw records."""
    raw = [row.get("platform_data") for row in seen]
    without = tuple(str(row.get("id")) for row in seen if not isinstance(row.get("platform_data"), dict)
                    or not row["platform_data"])  # fmt: skip
    shared = tuple(str(row.get("id")) for index, row in enumerate(seen) if raw[index] in raw[:index])
    shared = shared or mixed_up(
        [(str(row.get("id")), row.get("platform_id"), row.get("platform_data")) for row in seen]
    )
    changed = proof.changed(before, seen)
    return Expanded(*proof.base, "platform_data", without, len(seen), answer.status, changed, (answer.id,), shared)


@pytest.mark.case("queries.id_type")
def test_the_platform_id_finds_the_object(proof, judge, drive, case):
    """id_type=platform finds the same object by the platform's own id."""
    rows = [row for row in proof.snapshot().rows if isinstance(row.get("platform_id"), str) and row["platform_id"]]
    if not rows:
        drive.inconclusive(f"no row of {proof.name} on {case.platform} has a platform_id")
    row = rows[len(rows) // 2]
    answer = drive.get(proof.name, row["platform_id"], id_type="platform")
    seen = proof.item(answer)
    changed = [] if seen is None else list(changed_rows({row["id"]: row}, [seen]))
    if seen is not None and seen.get("id") != row["id"]:
        changed.insert(0, ("id", row["id"], seen.get("id")))
    judge(Expanded(*proof.base, "id", (), 1, answer.status, tuple(changed), (answer.id,)), "queries.id_type")
    if row["platform_id"] != row["id"]:
        own = drive.get(proof.name, row["platform_id"])
        why = "for a platform_id without id_type"
        judge(Failing(*proof.base, own, why, frozenset({400, 404, 410}), frozenset()), "queries.id_type_default")


@pytest.mark.case("queries.pdf")
def test_an_invoice_tells_where_its_pdf_is(proof, judge, drive, case):
    """The question for the PDF of an invoice is answered with a link; a platform that may not have it says so."""
    row = proof.snapshot().rows[-1]  # the oldest change: no other worker is about to delete it
    path = proof.described.operations["get_pdf"].url_path(id=str(row.get("id")))
    answer = drive.send("GET", path, resource=proof.name, operation="get_pdf")
    if answer.status == 200:
        judge(Printed(*proof.base, drive.raw(answer), (answer.id,)), "queries.pdf")
    elif answer.status == 404 and proof.described.support("get_pdf").source != "2023-03-14":
        why = f"for the PDF of {proof.name} on {case.platform}, which may not support it,"
        judge(Failing(*proof.base, answer, why, frozenset({404}), frozenset()), "errors.unsupported")
    else:
        drive.inconclusive(f"the question for a PDF is answered {answer.status}: there is no link to judge")
