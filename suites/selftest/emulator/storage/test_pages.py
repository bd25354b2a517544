"""Pages of the store against a plain model: filters, windows, order, ties and places, for any documents."""

import random

import pytest

from harness.contract import load_contract
from harness.emulator.clock import read_millis
from harness.emulator.documents import Condition, Documents, Order, Query, next_place
from harness.emulator.storage.sortkeys import Slot, of_number, of_text

MOMENTS = [f"2024-02-{day:02d}T00:00:0{day % 3}.000Z" for day in range(1, 9)]
STATUSES = ["open", "paid", "Open", "void", None]
NUMBERS = ["A-1", "a-1", "A-10", "é", "Z", "", "x" * 700 + "2", "y" * 700 + "needle", None]
DUE = Slot("due_date", instant=True)
TIMES = {"due_date", "updated_at"}


def bills(count, seed=7):
    """Documents with many ties and gaps."""
    chance = random.Random(seed)  # noqa: S311 - seeded test data
    return [{"id": f"id-{number}", "platform_id": str(number % 5), "updated_at": chance.choice(MOMENTS),
             "status": chance.choice(STATUSES), "document_number": chance.choice(NUMBERS),
             "due_date": chance.choice([*MOMENTS, None]), "vendor_id": chance.choice(["v1", "v2"]),
             "platform_data": {"n": number}} for number in range(count)]  # fmt: skip


@pytest.fixture(scope="module")
def store(database):
    """A store with 200 bills, some of them changed and some removed after they were put."""
    made = Documents(database, load_contract(), lambda _: {"bills": bills(200)})
    for number, document in enumerate(bills(60, seed=8)):
        made.put("c", "bills", {**document, "id": f"id-{number * 3}"})
    for number in range(0, 200, 17):
        made.remove("c", "bills", f"id-{number}")
    yield made
    made.close()


def instant(document, field):
    """A moment in milliseconds; None without one."""
    return read_millis(document[field]) if document[field] else None


CONDITIONS = {
    "none": ((), lambda _: True),
    "status": ((Condition(Slot("status"), "is", (of_text("open"),)),), lambda row: row["status"] == "open"),
    "two": ((Condition(Slot("status"), "is", (of_text("open"), of_number(1))),
             Condition(Slot("vendor_id"), "is", (of_text("v1"),))),
            lambda row: row["status"] == "open" and row["vendor_id"] == "v1"),
    "contains": ((Condition(Slot("document_number"), "has", ("A-1",)),),
                 lambda row: "A-1" in (row["document_number"] or "")),
    "contains_marker": ((Condition(Slot("document_number"), "has", ("1",)),),
                        lambda row: "1" in (row["document_number"] or "")),
    "contains_far": ((Condition(Slot("document_number"), "has", ("needle",)),),
                     lambda row: "needle" in (row["document_number"] or "")),
    "long": ((Condition(Slot("document_number"), "is", (of_text("x" * 700 + "2"),)),),
             lambda row: row["document_number"] == "x" * 700 + "2"),
    "due_at": ((Condition(DUE, "is", (read_millis(MOMENTS[3]),)),), lambda row: row["due_date"] == MOMENTS[3]),
    "due_after": ((Condition(DUE, "above", (read_millis(MOMENTS[3]),)),),
                  lambda row: (row["due_date"] or "") > MOMENTS[3]),
    "due_until": ((Condition(DUE, "until", (read_millis(MOMENTS[3]),)),),
                  lambda row: row["due_date"] is not None and row["due_date"] <= MOMENTS[3]),
    "updated_from": ((Condition(Slot("updated_at", instant=True), "from", (read_millis(MOMENTS[5]),)),),
                     lambda row: row["updated_at"] >= MOMENTS[5]),
    "no_such_field": ((Condition(Slot("nothing"), "is", (of_text("x"),)),), lambda _: False),
}  # fmt: skip
ORDERS = [None, *((field, falling) for field in ("status", "document_number", "due_date", "updated_at")
                  for falling in (False, True))]  # fmt: skip


def expected(store, keep, order):
    """The ids that a list has to give, in order, by Python's own sort."""
    rows = [(row.position, row.document) for row in store.iterate("c", "bills") if keep(row.document)]
    if order is None:
        rows.sort(key=lambda row: (-instant(row[1], "updated_at"), -row[0]))
        return [row[1]["id"] for row in rows]
    field, falling = order
    held = [row for row in rows if row[1][field] is not None]
    held.sort(key=lambda row: row[1][field], reverse=falling)
    return [row[1]["id"] for row in [*held, *(row for row in rows if row[1][field] is None)]]


@pytest.mark.parametrize("order", ORDERS, ids=str)
@pytest.mark.parametrize("name", CONDITIONS)
def test_a_walk_gives_what_the_model_gives(store, name, order):
    """Walking the pages of any filter and order gives the model's rows in the model's order, each once."""
    conditions, keep = CONDITIONS[name]
    sort = Order(Slot(order[0], instant=order[0] in TIMES), order[1]) if order else None
    for limit in (3, 50):
        after, walked = None, []
        while page := store.page("c", "bills", Query(conditions, sort, after, limit)):
            assert len(page) <= limit
            walked += [row.id for row in page]
            after = next_place(page[-1], sort)
        assert walked == expected(store, keep, order)


def test_a_text_is_found_in_no_row_that_has_none(store):
    """On a long list whose field is null everywhere, `~` finds nothing, whatever is asked for."""
    rows = [{**document, "id": f"null-{number}", "document_number": None}
            for number, document in enumerate(bills(2100, seed=10))]  # fmt: skip
    store.fill("null", "vendors", [{**row, "vendor_name": None} for row in rows])
    for text in ("", "a"):
        assert store.page("null", "vendors", Query((Condition(Slot("vendor_name"), "has", (text,)),))) == []


def test_long_texts_with_one_beginning_are_told_apart(store):
    """Texts that differ behind the part that a key keeps are found by equality, each for itself."""
    for end in ("left", "right"):
        store.put("c", "bills", {**bills(1)[0], "id": end, "document_number": "z" * 700 + end})
    wanted = Condition(Slot("document_number"), "is", (of_text("z" * 700 + "left"),))
    assert [row.id for row in store.page("c", "bills", Query((wanted,)))] == ["left"]


def test_a_row_reads_back_as_it_was_put(store):
    """get, find, all and iterate give the same documents, with and without platform_data."""
    row = store.get("c", "bills", "id-1")
    assert row.document == {**bills(200)[1]}
    assert b"platform_data" not in row.brief
    assert row.full.endswith(b'"platform_data":{"n":1}}')
    assert store.find("c", "bills", "1").document["platform_id"] == "1"
    assert {item.id for item in store.all("c", "bills")} == {item.id for item in store.iterate("c", "bills")}
    assert store.count("c", "bills") == len(store.all("c", "bills"))


def test_a_text_is_found_in_a_long_list_whatever_has_changed_since(store):
    """`~` on a list of thousands gives the rows that hold the text, in order, after rows came, lost it or went since it
    was first asked for, and after a change that was undone."""
    store.fill("long", "bills", [{**document, "id": f"long-{number}", "document_number": f"Ü-{number}"}
                                 for number, document in enumerate(bills(2100, seed=9))])  # fmt: skip
    store.lengthened("long", "bills")
    number = Slot("document_number")

    def found(text, order=None, **place):
        page = store.page("long", "bills", Query((Condition(number, "has", (text,)),), order, **place))
        return [row.id for row in page]

    assert sorted(found("Ü-209")) == sorted(["long-209", *(f"long-{count}" for count in range(2090, 2100))])
    store.put("long", "bills", {**bills(1)[0], "id": "new", "document_number": "x Ü-2099"})
    store.put("long", "bills", {**bills(1)[0], "id": "long-2091", "document_number": "50%_\\ off"})
    store.remove("long", "bills", "long-2099")

    def undone():
        with store.transaction():
            store.put("long", "bills", {**bills(1)[0], "id": "undone", "document_number": "Ü-2099"})
            assert "undone" in found("Ü-2099")
            raise InterruptedError

    with pytest.raises(InterruptedError):
        undone()
    left = ["long-209", "long-2090", *(f"long-{count}" for count in range(2092, 2099))]
    rising = Order(number, descending=False)
    assert found("Ü-209", rising) == ["new", *left]
    assert found("Ü-209", rising, limit=4) == ["new", *left[:3]]
    assert len(found("Ü-", limit=3000)) == 2099
    assert found("Ü-209\0") == found("nowhere") == found("Ü_209") == found("5%%") == []
    assert found("0%_\\") == ["long-2091"]
