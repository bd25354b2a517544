"""Drift by shape: what a reader would stumble over, and what says nothing."""

import pytest

from harness.recording.shapes import Ignore, Shape, changes

ROW = {
    "id": "9b2c1f0e-7a55-4d0e-9a5e-2f1d3b8c7a60",
    "amount": 1.5,
    "day": "2024-02-29",
    "memo": None,
    "lines": [{"n": 1}],
}
DIFFERENCES = {
    "another value": ({"id": "9b2c1f0e-7a55-4d0e-9a5e-2f1d3b8c7a61", "amount": 2, "day": "2025-01-01"}, []),
    "null now": ({"amount": None}, [("null", "bills[].amount is always null, was never (it was number)", False)]),
    "a text where null was": ({"memo": "x"}, []),
    "an amount as text": ({"amount": "1.50"}, [("type", "bills[].amount is decimal text, was number", True)]),
    "a time where a day was": (
        {"day": "2024-02-29T00:00:00Z"},
        [("type", "bills[].day is date-time, was date", True)],
    ),
    "a field more": ({"extra": 1}, [("new", "bills[].extra is new", False)]),
    "no lines": ({"lines": []}, []),
}


def shape(*rows: object) -> Shape:
    """The shape of a list of rows."""
    made = Shape()
    made.note({"bills": list(rows)})
    return made


@pytest.mark.parametrize("difference", DIFFERENCES)
def test_a_change_of_shape_is_told(difference: str) -> None:
    """Types and fields that change are told, with whether they break a reader; values are not."""
    changed, told = DIFFERENCES[difference]
    assert list(changes(shape(ROW, ROW), shape(ROW | changed))) == told


def test_what_is_gone_is_told_unless_ignored_or_never_sure() -> None:
    """A field that every row had is gone; one that some lacked may be absent; an ignore covers its kind and path."""
    less = {key: value for key, value in ROW.items() if key != "day"}
    assert list(changes(shape(ROW), shape(less))) == [("gone", "bills[].day is gone", True)]
    assert not list(changes(shape(ROW, less), shape(less)))
    assert list(changes(shape(ROW), shape(ROW, less))) == [("gone", "bills[].day is gone in 1 of 2", True)]
    assert not list(changes(shape(ROW), shape(ROW | {"day": "2024-02-29T00:00:00Z", "amount": None}, ROW)))
    assert list(changes(shape(ROW), shape(ROW | {"amount": "1.5"}, ROW)))
    assert not list(changes(shape(ROW | {"amount": None}, ROW), shape(ROW | {"amount": None})))
    assert not list(changes(shape(ROW), shape(less), [Ignore("gone", "bills[].d*")]))
    assert list(changes(shape(ROW), shape(less), [Ignore("type", "bills[].d*")]))
