"""Looking for secrets in texts and bodies: those that were learned, in any encoding, and what looks like one."""

import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator

from harness.core import escapes
from harness.core.needles import Cores, Needles
from harness.core.secrets import (
    ANNOUNCED,
    MARKED,
    MINIMUM_SECRET,
    NAMER,
    PLACEHOLDER,
    SHAPES,
    SHAPES_IN_BYTES,
    STARTED,
    announces,
    is_made_up,
    kind_of,
)
from harness.core.spans import Span, joined, widened
from harness.core.spellings import DROP, LIGHT, bare, encoded_letters, forms, light, plain_letters
from harness.core.unwrapping import LONG, SEAM, TOKEN, WRAPPED, hides, is_long_token, is_text, packed_in, runs

MOST_REMEMBERED = 100_000
"""Pieces, tokens and texts whose check is remembered."""

LONGEST_REMEMBERED = 300
"""Letters of a text whose redaction is remembered: headers, names and paths are met again and again."""

LISTED = re.compile(rb'\[\s*"[^\[\]{}]*"\s*\]')
"""A list of texts in JSON."""

QUOTE = b"\\x22"
"""Stands for an escaped quote where a body is parted at the others."""

ENCODED = ""
"""What stands in for the replacement of a secret where an encoding of it, or of more than it, was found."""


class Searcher:
    """The secrets of one process and the searches for them. Not thread-safe; all with the same `key` give a secret the
    same replacement.

    A secret is looked for as it is written and in the letters and digits that remain of a text without all else:
    there, whatever separates, wraps, groups or quotes is gone, and so is where in an encoding it begins. Both in each
    reading of the text, with its escapes undone."""

    def __init__(self, key: bytes, secrets: Iterable[tuple[str, str]] = ()) -> None:
        self._key = key
        self._known: dict[str, str] = {}
        self._cased: dict[bytes, str] = {}
        self._folded: dict[bytes, str] = {}
        self._light: dict[str, str] = {}
        self._is_built = True
        self._written: re.Pattern[str] | None = None
        self._inside = Needles(())
        self._cores = Cores({}, {})
        self._signs: re.Pattern[str] | None = None
        self._hiding: dict[str, bool] = {}
        self._harmless: set[bytes] = set()
        self._texts: dict[str, str] = {}
        self._names: dict[str, str] = {}
        for kind, value in secrets:
            self.learn(kind, value)

    def fingerprint(self, value: str) -> str:
        """Ten hex digits of HMAC-SHA256 under the run's key."""
        return hmac.new(self._key, value.encode(errors="surrogatepass"), hashlib.sha256).hexdigest()[:10]

    def learn(self, kind: str, value: str) -> str:
        """Register a secret; return its replacement. Every later text is searched for it in every encoding."""
        if value in self._known:
            return self._known[value]
        if PLACEHOLDER.fullmatch(value):
            return value  # a replay has nothing else, and it must stay what it stood for
        replacement = f"{{{{{kind}:{self.fingerprint(value)}}}}}"
        if len(value) < MINIMUM_SECRET:
            return replacement
        for form in forms(value):
            self._known.setdefault(form, replacement)
        for said in dict.fromkeys((value, escapes.undone(value), value.upper())):
            plain = plain_letters(said)
            if plain is not None:
                self._folded[plain.lower()] = replacement
                continue
            for signs in (light(said), light(said.encode(errors="surrogatepass").decode("latin-1"))):
                if len(signs) >= MINIMUM_SECRET:
                    self._light.setdefault(signs, replacement)
        cased, folded = encoded_letters(value)
        for letters in cased:
            self._cased.setdefault(letters, ENCODED)
        for letters in folded:
            self._folded.setdefault(letters, ENCODED)
        self._is_built = False
        return replacement

    def _build(self) -> None:
        """Make the searches for what was learned; several secrets are learned at once."""
        self._is_built = True
        for remembered in (self._hiding, self._harmless, self._texts, self._names):
            remembered.clear()
        ordered = sorted(self._known, key=len, reverse=True)
        self._written = re.compile("|".join(map(re.escape, ordered)))
        self._cores = Cores(self._cased, self._folded)
        self._inside = Needles(
            form.encode(errors="surrogatepass") for form in ordered if not self._cores.are_in(bare(form))
        )
        self._signs = (
            re.compile("|".join(map(re.escape, sorted(self._light, key=len, reverse=True)))) if self._light else None
        )

    def text(self, text: str) -> str:
        """`text` with every known secret replaced, and what looks like one; also for messages and exceptions."""
        if not self._is_built:
            self._build()
        safe = self._texts.get(text)
        if safe is None:
            safe = self._safe(text)
            if len(text) <= LONGEST_REMEMBERED and len(self._texts) < MOST_REMEMBERED and self._is_built:
                self._texts[text] = safe
        return safe

    def _safe(self, text: str) -> str:
        if self._written is not None:
            text = self._replaced(text)
        for kind, shape in SHAPES if MARKED.are_in(text.encode(errors="replace")) else ():
            text = shape.sub(lambda match, kind=kind: self._shaped(kind, match.group()), text)  # type: ignore[misc]
        if ("=" in text or ":" in text) and NAMER.search(text) is not None:
            text = ANNOUNCED.sub(self._announced, text)
        if len(text) >= LONG:
            text = TOKEN.sub(self._opened, WRAPPED.sub(self._opened, text) if "\n" in text or "\\n" in text else text)
        return text

    def says(self, text: str) -> bool:
        """Whether a text says a known secret as it stands: no escapes are undone, and nothing is unpacked."""
        if not self._is_built:
            self._build()
        return self._says_plainly(text)

    def _encoded(self, text: str) -> str:
        return f"{{{{encoded:{self.fingerprint(text)}}}}}"

    def _replaced(self, text: str) -> str:
        """A text in which each place that says a known secret, in some reading, is replaced by what stands for it."""
        spans = list(self._spans(text))
        if not spans:
            return text
        parts: list[str] = []
        last = 0
        for begin, end, by in joined(spans):
            parts += text[last:begin], by or self._encoded(text[begin:end])
            last = end
        return "".join([*parts, text[last:]])

    def _spans(self, text: str) -> Iterator[Span]:
        """(begin, end, replacement) of each place that says a known secret; places may overlap."""
        for reading, said in escapes.readings(text):
            hidden = list(self._hidden(reading, said))
            is_signed = self._signs is not None and self._signs.search(light(said)) is not None
            if not hidden and not is_signed and not self._says_plainly(said):
                continue
            places = escapes.places(text, reading)
            for begin, end, by in (*hidden, *self._within(said, is_signed=is_signed)):
                first, last = places[begin], max(places[end], places[begin] + 1)
                yield (first, last, by) if by else (*widened(text, first, last), by)

    def _within(self, said: str, *, is_signed: bool) -> Iterator[Span]:
        if self._written is not None:
            for match in self._written.finditer(said):
                yield match.start(), match.end(), self._known[match.group()]
        kept = [place for place, letter in enumerate(said) if letter.isascii() and letter.isalnum()]
        for begin, end, by in self._cores.spans(bare(said)):
            yield kept[begin], kept[end - 1] + 1, by
        if is_signed and self._signs is not None:
            left_out = {place for match in LIGHT.finditer(said) for place in range(match.start(), match.end())}
            kept = [place for place in range(len(said)) if place not in left_out]
            for match in self._signs.finditer(light(said)):
                yield kept[match.start()], kept[match.end() - 1] + 1, self._light[match.group()]

    def _says(self, text: str) -> bool:
        """Whether a text says a known secret in some reading."""
        if self._says_plainly(text):
            return True
        return escapes.MAY.search(text) is not None and any(
            self._says_plainly(said) for reading, said in escapes.readings(text) if reading
        )

    def _says_plainly(self, said: str) -> bool:
        return (
            self._cores.are_in(bare(said))
            or self._inside.are_in(said.encode(errors="surrogatepass"))
            or (self._signs is not None and self._signs.search(light(said)) is not None)
        )

    def _hidden(self, reading: escapes.Reading, said: str) -> Iterator[Span]:
        """The places where the letters of an encoded secret, or of packed bytes, were escaped once more."""
        packed = packed_in(said.encode("latin-1", "replace"))
        if packed and hides(packed.hex(), self._holds):
            yield len(said) - len(packed), len(said), ENCODED
        for match in TOKEN.finditer(said) if reading else ():
            if self._hides(match.group()):
                yield match.start(), match.end(), ENCODED

    def _says_hidden(self, text: str) -> bool:
        found = escapes.readings(text) if escapes.MAY.search(text) is not None else ()
        return any(True for reading, said in found for _ in self._hidden(reading, said))

    def header_name(self, name: str) -> str:
        """The name of a header in lower case, without what it must not say: somebody else may have lowered it."""
        if not self._is_built:
            self._build()
        found = self._names.get(name)
        if found is None:
            lower = name.lower()
            tells = (
                self._safe(name) != name
                or any(form.lower() in lower for form in self._known)
                or any(self._cores.are_lowered_in(bare(said)) for _, said in escapes.readings(lower))
            )
            found = f"redacted-{self.fingerprint(lower)}" if tells else lower
            if len(self._names) < MOST_REMEMBERED and self._is_built:
                self._names[name] = found
        return found

    def is_clean(self, body: bytes) -> bool:
        """Whether a JSON body neither holds a secret, in any form that is known, nor a word that announces one.

        Searched text by text: the same ids, keys and words are met again and again, and each is looked at once."""
        if not self._is_built:
            self._build()
        pieces = set((body.replace(b'\\"', QUOTE) if b'\\"' in body else body).split(b'"'))
        if not all(self._is_harmless(piece) for piece in pieces - self._harmless):
            return False
        return not any(
            self._cores.are_in(bare(match.group().decode("utf-8", "replace"))) for match in LISTED.finditer(body)
        )

    def _is_harmless(self, piece: bytes) -> bool:
        if len(piece) > LONGEST_REMEMBERED:
            mark = hashlib.blake2b(piece, digest_size=16).digest()
            if mark in self._harmless:
                return True
        else:
            mark = piece
        text = piece.decode("utf-8", "replace")
        if len(piece) >= MINIMUM_SECRET and self._says(text):
            return False
        words = runs(piece.replace(QUOTE, b" "))
        if any(map(self._tells, words)) or self._says_hidden(text):
            return False
        if len(words) > 1 and SEAM.search(text) is not None and any(map(self._hides_match, WRAPPED.finditer(text))):
            return False
        if len(self._harmless) < MOST_REMEMBERED:
            self._harmless.add(mark)
        return True

    def _tells(self, run: bytes) -> bool:
        said = run.decode("ascii")
        if kind_of(said) is not None or announces(said):
            return True
        return is_long_token(run) and (STARTED.are_in(run) or self._hides(said))

    def _holds(self, content: bytes) -> bool:
        if not is_text(content):  # whatever a word says when it is taken for base64: most that is looked at
            return self._cores.are_in(content.translate(None, DROP))
        if self._says(content.decode("latin-1")):
            return True
        if not MARKED.are_in(content):
            return False
        shaped = SHAPES_IN_BYTES.search(content)
        return shaped is not None and not is_made_up(shaped.group().decode("latin-1"))

    def _announced(self, match: re.Match[str]) -> str:
        """What a text calls a secret, replaced there; it is not searched for elsewhere, as it may be a word."""
        value, kind = match["value"], kind_of(match["key"])
        is_word = ":" in match["between"] and not any(letter.isdigit() for letter in value)
        if kind is None or is_word or is_made_up(value) or value[0] in "<$[":
            return match.group()
        return f"{match['key']}{match['between']}{{{{{kind}:{self.fingerprint(value)}}}}}"

    def _hides(self, token: str) -> bool:
        """Whether a long token holds a known secret in some encoding."""
        found = self._hiding.get(token)
        if found is None:
            found = hides(token, self._holds)
            if len(self._hiding) < MOST_REMEMBERED:
                self._hiding[token] = found
        return found

    def _hides_match(self, match: re.Match[str]) -> bool:
        return self._hides(SEAM.sub("", match.group()))

    def _opened(self, match: re.Match[str]) -> str:
        token = SEAM.sub("", match.group())
        return self._encoded(token) if self._hides(token) else match.group()

    def _shaped(self, kind: str, value: str) -> str:
        return value if is_made_up(value) else self.learn(kind, value)
