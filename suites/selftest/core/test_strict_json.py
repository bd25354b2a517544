"""A body is JSON as a strict client reads it: one way to read it, or none."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core import Redactor

TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text(), inside, max_size=4),
    max_leaves=12,
)


@given(TREES, st.booleans(), st.sampled_from([(",", ":"), (", ", ": ")]))
def test_a_tree_is_read_as_it_was_written(tree, escaped, separators):
    """Whatever the separators and escapes, numbers keep their kind and size, texts their letters."""
    body = json.dumps(tree, ensure_ascii=escaped, separators=separators).encode(errors="surrogatepass")
    value, is_json, problem = Redactor(b"key").body(body)
    assert (is_json, problem) == (True, None)
    assert repr(value) == repr(json.loads(body))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"a":1,"a":1}', "duplicate key 'a'"),
        (b'{"b":[{"a":1,"a":2}]}', "duplicate key 'a'"),
        (b'{"a": 1, "a": 1}', "duplicate key 'a'"),
        (b'{ "b" :\r\n[ {"a":"x y", "a":"xy"} ] }', "duplicate key 'a'"),
        (b'{"a":NaN}', "NaN is not JSON"),
        (b"[Infinity]", "Infinity is not JSON"),
        (b"\xef\xbb\xbf{}", "BOM"),
        (b'{"a":"\xff"}', "invalid start byte"),
        (b"{} {}", "Extra data"),
        (b'{"a":1', "delimiter"),
    ],
)
def test_what_two_readers_would_read_differently_is_refused(body, said):
    """Duplicate keys, constants that JSON has not, a byte order mark and bytes that are no UTF-8 are no JSON."""
    value, is_json, problem = Redactor(b"key").body(body)
    assert (value, is_json) == (None, False)
    assert said in problem
