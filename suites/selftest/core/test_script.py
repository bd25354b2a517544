"""What a run chooses by itself depends on the seed and the place alone."""

from harness.core import FreeScript, SeededScript, SystemClock


def script(seed: str = "7") -> SeededScript:
    """A script that tells nobody where it is."""
    return SeededScript(seed, SystemClock(), lambda _group, _chapter: None)


def test_a_chapter_gives_the_same_ids_wherever_it_is_played():
    """Ids depend on seed, group and chapter, not on what was played before or on readings in between."""
    one, two = script(), script()
    one.begin("A", "first")
    one.uuid()
    one.begin("A", "second")
    two.begin("A", "second")
    ids = [one.uuid(), one.uuid()]
    start = two.uuid()
    with two.chapter("list/vendors"):
        two.uuid()
    assert [start, two.uuid()] == ids
    other = script("8")
    other.begin("A", "second")
    assert other.uuid() != ids[0]


def test_the_first_case_of_a_group_is_told():
    """`begin` says when a group begins, and a free script never does."""
    one = script()
    assert [one.begin("A", "x"), one.begin("A", "y"), one.begin("B", "x")] == [True, False, True]
    assert not FreeScript().begin("A", "x")
