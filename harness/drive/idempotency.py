"""Idempotency keys that tell a server which looks at a part of them only."""

from collections.abc import Iterator
from itertools import count
from uuid import uuid4


def keys() -> Iterator[str]:
    """V4 UUIDs, all different, each of which has all but one part of the first: a server that shortens its keys to
    some of their characters takes two requests for one. Source: [D:implementation-guides/making-idempotent-requests]
    recommends V4 UUIDs and says nothing of their length."""
    head, *middle, tail = str(uuid4()).split("-")
    start = int(head, 16)
    for number in count(1):
        if number % 2:
            yield "-".join((f"{(start + number) % 16**8:08x}", *middle, tail))
        else:
            yield "-".join((head, *middle, uuid4().hex[:12]))
