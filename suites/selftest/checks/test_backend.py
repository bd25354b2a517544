"""The judges of an integration backend: each passes what is right and names what is wrong."""

import base64
import gzip

import pytest

from harness.checks import judge
from harness.checks.backend import (
    Burst,
    Exchanged,
    Forged,
    Observed,
    Removed,
    Shown,
    State,
    Worthless,
    percentile,
    samples,
)
from harness.checks.backend_data import Fresh, Limited, Mirrored, unlike
from harness.core import Secret

WHERE = ("case", "QUICKBOOKS", None)
TOKEN = "access-sandbox-0123456789abcdef"
TWICE = base64.b64encode(base64.b64encode(TOKEN.encode())).decode()
GOOD, SLOW = ((200, 0.01),) * 100, ((200, 0.01),) * 94 + ((200, 3.0),) * 6
ROWS = {"a": {"id": "a", "name": "A"}, "b": {"id": "b", "name": "B"}}


def shown(content):
    """One place with this content."""
    return Shown(*WHERE, {"a page": content}, (("access_token", Secret(TOKEN)),))


def mirror(rows, fields=None):
    """A mirror beside two rows of the API."""
    return Mirrored(*WHERE, "vendors", ROWS, rows, fields, "after it", 1.0, ())


@pytest.mark.parametrize(
    ("check", "right", "wrong"),
    [
        ("token_once", Exchanged(*WHERE, ((200, "c"), (202, None), (200, "c")), 1, "c", ()),
         [Exchanged(*WHERE, ((200, "c"), (400, None)), 1, "c", ()), Exchanged(*WHERE, ((200, "c"),) * 2, 2, "c", ()),
          Exchanged(*WHERE, ((200, "c"), (200, "d")), 1, "c", ())]),
        ("token_refused", Worthless(*WHERE, "made up", 400, 1, 1, ()),
         [Worthless(*WHERE, "made up", 200, 1, 1, ()), Worthless(*WHERE, "expired", 400, 1, 2, ()),
          Worthless(*WHERE, "expired", None, 1, 1, ()), Worthless(*WHERE, "expired", 500, 1, 1, ())]),
        ("token_secret", shown(b'{"id": "c"}'),
         [shown(f'{{"token": "{TOKEN}"}}'.encode()), shown(TWICE.encode()), shown(TOKEN.encode().hex().encode()),
          shown(gzip.compress(TOKEN.encode(), mtime=0))]),
        ("state", State(*WHERE, "healthy", ("healthy", "ok"), "ok", 0.1, ()),
         [State(*WHERE, "disabled", ("off",), "ok", 5.0, ()), State(*WHERE, "healthy", ("ok",), None, 5.0, ())]),
        ("removed", Removed(*WHERE, 200, False, 0, False, ()),
         [Removed(*WHERE, 500, False, 0, False, ()), Removed(*WHERE, 200, True, 0, False, ()),
          Removed(*WHERE, 200, False, 3, False, ()), Removed(*WHERE, 200, False, 0, True, ())]),
        ("forged", Forged(*WHERE, "missing", 401, False, ()),
         [Forged(*WHERE, "missing", 200, False, ()), Forged(*WHERE, "missing", 401, True, ())]),
        ("queue", Burst(*WHERE, GOOD, 1.0, 0.0, ()),
         [Burst(*WHERE, (*GOOD, (503, 0.1)), 1.0, 0.0, ()), Burst(*WHERE, SLOW, 1.0, 0.0, ()),
          Burst(*WHERE, GOOD, 1.0, 7.0, ()), Burst(*WHERE, (), 1.0, 0.0, ())]),
        ("observable", Observed(*WHERE, 200, (200, "# HELP a\na_total 1\n"), ()),
         [Observed(*WHERE, 503, (200, "a 1\n"), ()), Observed(*WHERE, 200, (404, ""), ()),
          Observed(*WHERE, 200, (200, "<html>"), ())]),
        ("fresh", Fresh(*WHERE, (0.1,) * 20, 1.0, ()),
         [Fresh(*WHERE, (0.1, None), 1.0, ()), Fresh(*WHERE, (0.1,) * 18 + (4.0, 4.0), 1.0, ()),
          Fresh(*WHERE, (), 1.0, ())]),
        ("paused", Limited(*WHERE, 5, 1.0, 5.0, ()), [Limited(*WHERE, 60, 1.0, 5.0, ())]),
    ],
)  # fmt: skip
def test_a_check_passes_what_is_right_and_finds_what_is_wrong(check, right, wrong):
    """Nothing is found in the right subject; each wrong one has a finding, and none of them holds the token."""
    assert judge(right, [f"backend.{check}"]) == []
    for subject in wrong:
        found = judge(subject, [f"backend.{check}"])
        assert found, subject
        assert TOKEN not in str(found)


@pytest.mark.parametrize("check", ["arrives", "deleted", "order", "polled", "recovers", "backfilled"])
def test_a_mirror_is_the_list_of_the_api(check):
    """A missing, an additional and a different row are found, and so is a backend that answers nothing."""
    assert judge(mirror(dict(ROWS)), [f"backend.{check}"]) == []
    named = mirror({"a": {"vendor": "A"}, "b": {"vendor": "B"}}, {"name": "vendor"})
    assert judge(named, [f"backend.{check}"]) == []
    for rows in (None, {"a": ROWS["a"]}, {**ROWS, "c": {"id": "c"}}, {**ROWS, "b": {"id": "b", "name": "old"}}):
        assert len(judge(mirror(rows), [f"backend.{check}"])) == 1, rows
    assert unlike(ROWS, {}, None) == ["a", "b"]


def test_metrics_and_percentiles_are_read_as_they_stand():
    """Samples keep their labels and comments are none; a percentile is a measured value, infinite without any."""
    assert samples('# TYPE a counter\na_total{b="c"} 2\nbroken\n') == {'a_total{b="c"}': 2.0}
    assert (percentile([3.0, 1.0, 2.0], 0.5), percentile([], 0.5)) == (2.0, float("inf"))
