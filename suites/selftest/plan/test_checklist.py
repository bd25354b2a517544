"""The shipped checklist against the text that it was made from, and how checklists and attestations are read."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import PlanError
from harness.plan import load_attestations, load_checklist

SOURCE = Path(__file__).parent / "data" / "implementation-checklist.txt"

ITEM = """
checklist: implementation
source: made by hand
items:
  - {id: a.fields, section: One, line: Check the fields, decide: {cases: ["fields/**"]}}
  - {id: a.review, section: One, line: Review, decide: {attestation: The review took place}}
"""
WORD = """
attestations:
  - {item: a.review, who: Ana Núñez, when: "2026-11-20", until: "2027-05-20", link: https://example.com/1}
"""

Write = Callable[[str, str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file and gives its path."""

    def written(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text.lstrip("\n"), encoding="utf-8")
        return path

    return written


def plain(line: str) -> str:
    """A line without bullet, number and odd spaces."""
    return re.sub(r"\s+", " ", re.sub(r"^\s*(•|\d+[.:])\s*", "", line)).strip()


def test_every_line_of_the_source_is_an_item_in_its_order() -> None:
    """Each line of the provider's checklist is an item, or a heading of the item that follows; none is absent."""
    lines = [plain(line) for line in SOURCE.read_text(encoding="utf-8").splitlines() if plain(line)]
    items = list(load_checklist().items)
    for line in lines:
        if items and plain(items[0].line) == line:
            items.pop(0)
            continue
        headings = [plain(part) for part in items[0].section.split(" > ")] if items else []
        assert line in headings, f"{line!r} is neither an item nor a heading of {items[0].id if items else 'anything'}"
    assert items == []


def test_items_are_decided_in_one_way() -> None:
    """Each shipped item names cases or an attestation; none waits for a later part of golive."""
    kinds = {
        name
        for item in load_checklist().items
        for name in ("cases", "attestation", "later")
        if getattr(item.decide, name) is not None
    }
    assert kinds == {"cases", "attestation"}


def test_shipped_attestations_are_empty() -> None:
    """Nobody has attested anything in the files as they are shipped."""
    assert load_attestations(checklist=load_checklist()) == ()


def test_an_item_needs_exactly_one_way(write: Write) -> None:
    """Two ways, no way, an id that stands twice and an unknown area are all told, each with its line."""
    path = write(
        "checklist.yaml",
        ITEM + '  - {id: a.fields, section: One, line: Again, decide: {cases: ["feilds/**"], later: soon}}\n'
        "  - {id: a.none, section: One, line: Nothing, decide: {}}\n",
    )
    with pytest.raises(PlanError) as caught:
        load_checklist(path)
    told = str(caught.value).splitlines()
    assert [line.split(":")[1] for line in told] == ["6", "6", "6", "7"]
    assert "found cases and later" in str(caught.value)
    assert 'item "a.fields" stands twice' in str(caught.value)
    assert 'Did you mean "fields"?' in str(caught.value)
    assert "found none of them" in told[3]


def test_an_attestation_is_read(write: Write) -> None:
    """A complete attestation of an item that waits for one is data."""
    checklist = load_checklist(write("checklist.yaml", ITEM))
    (word,) = load_attestations(write("attestations.yaml", WORD), checklist=checklist)
    assert (word.item, word.until) == ("a.review", "2027-05-20")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("a.review", "a.reviev", 'Did you mean "a.review"?'),
        ("a.review", "a.fields", "is not decided by an attestation"),
        ('"2026-11-20"', '"2026-11-31"', 'when "2026-11-31" is no day'),
        ('"2026-11-20"', '"20.11.2026"', "is no day"),
        ('"2026-11-20"', "2026-11-20", 'write "2026-11-20" in quotes'),
        ('"2027-05-20"', '"2026-05-20"', "until 2026-05-20 is before when 2026-11-20"),
        (", link: https://example.com/1", "", 'key "link" is missing'),
        ("who: Ana Núñez", 'who: ""', "attestations.0.who"),
    ],
)
def test_a_wrong_attestation_is_refused(write: Write, old: str, new: str, told: str) -> None:
    """An attestation of nothing, of a machine's item, with a day that is none or without proof is refused."""
    checklist = load_checklist(write("checklist.yaml", ITEM))
    with pytest.raises(PlanError, match=re.escape(told)) as caught:
        load_attestations(write("attestations.yaml", WORD.replace(old, new)), checklist=checklist)
    assert ".yaml:2: " in str(caught.value)


def test_the_same_item_twice_is_refused(write: Write) -> None:
    """Two words on one item leave open which one counts."""
    checklist = load_checklist(write("checklist.yaml", ITEM))
    path = write("attestations.yaml", WORD + WORD.splitlines()[2] + "\n")
    with pytest.raises(PlanError, match="attested twice"):
        load_attestations(path, checklist=checklist)
