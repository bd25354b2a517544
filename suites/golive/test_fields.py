"""Fields: every row of every list is complete, typed, filled and consistent with the single object."""

from dataclasses import replace

import pytest

from harness.checks.answers import Answer, Pair
from harness.checks.fields import References, used_ids
from harness.checks.sampling import telling
from harness.pytest_plugin.answers import SHAPES

SAMPLE = 4


@pytest.mark.case("fields.present")
def test_every_required_key_is_in_every_row(proof, judge):
    """Every key that the contract requires is in every row."""
    judge(proof.rows(), "fields.present", "fields.no_platform_data")


@pytest.mark.case("fields.types")
def test_every_value_has_its_type(proof, judge):
    """Every value has a type of the contract, and is one."""
    judge(proof.rows(), "fields.type", "fields.placeholder")


@pytest.mark.case("fields.nulls")
def test_only_nullable_fields_are_null(proof, judge):
    """Only fields that the contract calls nullable are null."""
    judge(proof.rows(), "fields.null")


@pytest.mark.case("fields.enums")
def test_closed_lists_hold_known_values(proof, judge):
    """Values of closed lists are in the list."""
    judge(proof.rows(), "fields.enum")


@pytest.mark.case("fields.formats")
def test_texts_have_their_form(proof, judge):
    """Texts with a documented form have it."""
    judge(proof.rows(), "fields.format")


@pytest.mark.case("fields.unique")
def test_ids_are_unique(proof, judge):
    """No two rows share an id, and names tell them apart."""
    judge(proof.rows(), "fields.unique_id", "fields.distinct")


@pytest.mark.case("fields.required")
def test_what_the_plan_requires_is_there(proof, judge):
    """The fields that the plan names are present, and not null where it requires that, in the customer's rows."""
    theirs = proof.foreign()
    judge(replace(theirs, paths=proof.requirement.required), "fields.required")
    judge(replace(theirs, paths=proof.requirement.nullable), "fields.nullable")


@pytest.mark.case("fields.fill")
def test_enough_rows_are_filled(proof, judge, case):
    """A field is filled in as many rows as the plan needs."""
    judge(replace(proof.foreign(), paths=(case.detail,), share=case.params["share"]), "fields.fill")


@pytest.mark.case("fields.envelope")
def test_lists_come_in_their_envelope(proof, judge, drive):
    """A list comes with its key and the connection it is from."""
    walk = proof.snapshot()
    key = proof.described.list_key or proof.name
    judge(
        Answer(
            *proof.base,
            walk.pages,
            key,
            drive.connection.id,
            proof.described.list_types,
            named=proof.described.operations["list"].knows_connection,
        ),
        "fields.envelope",
        "fields.connection",
    )


@pytest.mark.case("fields.single")
def test_a_row_is_the_single_object(proof, judge, drive):
    """The row of a list and the object read by its id are equal in every field."""
    walk = proof.snapshot()
    chosen = [row for row in telling(walk.rows, SAMPLE) if isinstance(row.get("id"), str)]
    kind = proof.described.operations["get"].parameters.get("id_type")
    explicit = {"id_type": "rutter"} if kind is not None and kind.on(proof.case.platform) else {}
    for number, row in enumerate(chosen):
        options = explicit if number == 0 else {}
        answer = drive.get(proof.name, row["id"], **options)
        seen = proof.item(answer)
        left, origin = row, walk.row_evidence(walk.rows.index(row))
        if seen is None or _differs(row, seen):  # somebody may have written in between: look again at both
            again = proof.snapshot(refresh=True)
            if row["id"] not in again.by_id:
                continue
            left = again.by_id[row["id"]]
            origin = again.row_evidence(again.rows.index(left))
            answer = drive.get(proof.name, row["id"], **options)
            seen = proof.item(answer)
        subject = Answer(
            *proof.base, (answer,), proof.described.item_key, drive.connection.id, proof.described.item_types
        )
        judge(subject, "fields.envelope", "fields.connection")
        if seen is None:
            continue
        judge(proof.one(seen, answer.id), *SHAPES, "fields.no_platform_data")
        pair = Pair(*proof.base, left, seen, "the list", "the single object", (origin, answer.id))
        judge(pair, "fields.list_equals_get")


@pytest.mark.case("fields.references")
def test_references_resolve(proof, judge, drive, case):
    """Ids that name other objects can be read."""
    walk = proof.snapshot()
    origins = [walk.row_evidence(index) for index in range(len(walk.rows))]
    for path, referred in case.params["referred"].items():
        used = used_ids(walk.rows, origins, path, drive.contract.resource(referred).entity)
        known = frozenset(drive.snapshot(referred).by_id)
        doubtful = [id for id in used if id not in known][:3]
        readable = drive.contract.resource(referred).supports("get", case.platform)
        unresolved = frozenset(id for id in doubtful
                               if not id.strip() or not readable or not drive.get(referred, id).ok)  # fmt: skip
        judge(References(*proof.base, path, referred, used, known, unresolved), "fields.reference")


def _differs(left, right):
    return any(left.get(name) != right.get(name) for name in {*left, *right})
