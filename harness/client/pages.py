"""Walking a list to its end. A flow without I/O: it yields cursors and is told page bodies."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class PageWalk:
    """How a walk ended. `complete` says that the last page said so itself; `problem` why it did not."""

    complete: bool
    problem: str | None


def walk_pages(list_key: str, *, maximum: int) -> Generator[str | None, Any, PageWalk]:
    """Yield the cursor of each page to fetch (None for the first); send the parsed body of its answer in (None when
    it was no JSON object with status 200). Ends with null or an absent `next_cursor`. Source: [S24], syncing guide.
    """
    seen: set[str] = set()
    cursor: str | None = None
    for _ in range(maximum):
        body = yield cursor
        if not isinstance(body, dict):
            return PageWalk(False, "a page was not answered with 200 and a JSON object")
        if isinstance(body.get(list_key), dict):
            return PageWalk(True, None)  # company_info, store, balance: one object under the list's key. Source: [S24]
        if not isinstance(body.get(list_key), list):
            return PageWalk(False, f'a page has no array "{list_key}"')
        following = body.get("next_cursor")
        if following is None:
            return PageWalk(True, None)
        if not isinstance(following, str) or not following:
            return PageWalk(False, "next_cursor is neither a text nor null")
        if following in seen:
            return PageWalk(False, "next_cursor repeats: the walk would never end")
        seen.add(following)
        cursor = following
    return PageWalk(False, f"more than {maximum} pages")
