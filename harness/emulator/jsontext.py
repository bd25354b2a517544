"""JSON as short as it can be, for what passes often: answers, documents, records.

orjson writes it ten times as quickly as the standard library. What it refuses (numbers beyond 64 bits, keys that are no
texts, halves of surrogate pairs) is written by the library, the halves escaped: no encoding can hold them.
"""

import json
from typing import Any

import orjson


def dense(value: Any) -> bytes:
    """The JSON text of a value, UTF-8."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return _whole(json.dumps(value, ensure_ascii=False, separators=(",", ":")), value)


def ordered(value: Any) -> bytes:
    """The same text for values that are the same: keys are sorted."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        return json.dumps(value, sort_keys=True).encode()


def _whole(text: str, value: Any) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()
