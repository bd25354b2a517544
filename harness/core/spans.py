"""Places in a text that stand for a secret."""

from collections.abc import Iterable

Span = tuple[int, int, str]
"""Begin, end, what is put there instead; nothing: what stands for the text itself."""

AROUND = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+_=%-")
"""What an encoded secret goes on with, before and after the letters that are its own."""


def widened(text: str, begin: int, end: int) -> tuple[int, int]:
    """The place of an encoded secret with the letters around it that belong to the same encoding."""
    while begin > 0 and text[begin - 1] in AROUND:
        begin -= 1
    while end < len(text) and text[end] in AROUND:
        end += 1
    return begin, end


def joined(spans: Iterable[Span]) -> list[Span]:
    """Spans in order, those that overlap as one; it stands for what the longest of them stood for."""
    found: list[Span] = []
    longest = 0
    for begin, end, by in sorted(spans, key=lambda span: (span[0], -span[1])):
        if found and begin < found[-1][1]:
            before, until, said = found[-1]
            if end - begin > longest:
                longest, said = end - begin, by
            found[-1] = before, max(until, end), said
        else:
            found.append((begin, end, by))
            longest = end - begin
    return found
