"""Looking for secrets in texts and bodies: those that were learned, in any encoding, and what looks like one."""

import hashlib
import hmac
import re
from collections.abc import Iterable

from harness.core import escapes
from harness.core.needles import Needles
from harness.core.secrets import (
    ANNOUNCED,
    LONG,
    MARKED,
    MINIMUM_SECRET,
    NAMER,
    PLACEHOLDER,
    SHAPES,
    SHAPES_IN_BYTES,
    STARTED,
    TOKEN,
    WRAPPED,
    announces,
    forms,
    hides,
    holds_lines,
    inner_runs,
    is_long_token,
    is_made_up,
    is_one_run,
    kind_of,
    runs,
    tokens,
)

MOST_REMEMBERED = 100_000
"""Runs, tokens and texts whose check is remembered."""

LONGEST_REMEMBERED = 300
"""Letters of a text whose redaction is remembered: headers, names and paths are met again and again."""


class Searcher:
    """The secrets of one process and the searches for them. Not thread-safe; all with the same `key` give a secret the
    same replacement."""

    def __init__(self, key: bytes, secrets: Iterable[tuple[str, str]] = ()) -> None:
        self._key = key
        self._known: dict[str, str] = {}
        self._is_built = True
        self._within_runs = Needles(())
        self._over_runs: dict[bytes, list[tuple[frozenset[bytes], bytes]]] = {}
        self._undone: dict[str, str] = {}
        self._escaped: re.Pattern[str] | None = None
        self._inside = Needles(())
        self._hiding: dict[str, bool] = {}
        self._harmless: set[bytes] = set()
        self._texts: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._pattern: re.Pattern[str] | None = None
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
        said = escapes.undone(value)
        for form in forms(value):
            if form == value or escapes.undone(form) != said:  # the others are found when escapes are undone
                self._known.setdefault(form, replacement)
        for text in (said, escapes.undone(value.encode(errors="surrogatepass").decode("latin-1"))):
            if len(text) >= MINIMUM_SECRET:
                self._undone.setdefault(text, replacement)
        self._is_built = False
        return replacement

    def _build(self) -> None:
        """Make the searches for what was learned; several secrets are learned at once."""
        self._is_built = True
        self._hiding.clear()
        self._harmless.clear()
        self._texts.clear()
        self._names.clear()
        self._within_runs = Needles(form.encode() for form in self._known if is_one_run(form))
        self._over_runs = {}
        for form in (form.encode(errors="surrogatepass") for form in self._known if not is_one_run(form)):
            inner = inner_runs(form)
            self._over_runs.setdefault(max(inner, key=len, default=b""), []).append((inner, form))
        ordered = sorted(self._known, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, ordered)))
        self._inside = Needles(form.encode(errors="surrogatepass") for form in ordered)
        self._escaped = re.compile("|".join(map(re.escape, sorted(self._undone, key=len, reverse=True))))

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
        if self._pattern is not None:
            text = self._pattern.sub(lambda match: self._known[match.group()], text)
        if self._escaped is not None:
            text = escapes.replaced(text, self._escaped, self._undone)
            if self._says_encoded(text):
                return f"{{{{encoded:{self.fingerprint(text)}}}}}"
        for kind, shape in SHAPES if MARKED.are_in(text.encode(errors="replace")) else ():
            text = shape.sub(lambda match, kind=kind: self._shaped(kind, match.group()), text)  # type: ignore[misc]
        if ("=" in text or ":" in text) and NAMER.search(text) is not None:
            text = ANNOUNCED.sub(self._announced, text)
        if len(text) >= LONG:
            text = TOKEN.sub(self._opened, WRAPPED.sub(self._opened, text) if "\n" in text else text)
        return text

    def header_name(self, name: str) -> str:
        """The name of a header in lower case, without what it must not say: somebody else may have lowered it."""
        if not self._is_built:
            self._build()
        found = self._names.get(name)
        if found is None:
            lower = name.lower()
            tells = self._safe(name) != name or any(form.lower() in lower for form in self._known)
            found = f"redacted-{self.fingerprint(lower)}" if tells else lower
            if len(self._names) < MOST_REMEMBERED and self._is_built:
                self._names[name] = found
        return found

    def _says_encoded(self, text: str) -> bool:
        """Whether the letters of an encoded secret are escaped once more."""
        plain = escapes.undone(text)
        readings = plain, escapes.undone_printable(text), escapes.undone_printable(plain)
        if self._pattern is None or all(said == text for said in readings):
            return False
        return any(
            said != text
            and (
                self._holds(said.encode(errors="replace"))
                or any(map(self._hides, tokens(said.encode(errors="replace"))))
            )
            for said in readings
        )

    def is_clean(self, body: bytes) -> bool:
        """Whether a body neither holds a secret, in any form that is known, nor a word that announces one; neither as
        it is written nor with its escapes undone."""
        if not self._is_clean_as_written(body) or holds_lines(body):
            return False
        if escapes.may_be_printable(body) and not self._is_clean_as_written(
            escapes.undone_printable(body.decode("latin-1")).encode("latin-1")
        ):
            return False
        if not escapes.may_escape(body):
            return True
        said = escapes.undone(b"\n".join(escapes.escaping_parts(body)).decode("utf-8", "replace"))
        if self._escaped is not None and self._escaped.search(said) is not None:
            return False
        return self._is_clean_as_written(said.encode(errors="surrogatepass"))

    def _is_clean_as_written(self, body: bytes) -> bool:
        """Searched run by run: the same ids, keys and words are met again and again, and each is looked at once."""
        if not self._is_built:
            self._build()
        words = runs(body)
        words.add(b"")  # the longest run within a form that has none
        met = self._over_runs.keys() & words
        if any(inner <= words and form in body for longest in met for inner, form in self._over_runs[longest]):
            return False
        for run in words - self._harmless:
            if self._within_runs.are_in(run) or self._tells(run):
                return False
            if len(self._harmless) < MOST_REMEMBERED:
                self._harmless.add(run)
        return True

    def _tells(self, run: bytes) -> bool:
        said = run.decode("ascii")
        if kind_of(said) is not None or announces(said):
            return True
        return is_long_token(run) and (STARTED.are_in(run) or self._hides(said))

    def _holds(self, content: bytes) -> bool:
        if self._inside.are_in(content):
            return True
        escaped = self._escaped if escapes.may_escape(content) else None
        if escaped is not None and escaped.search(escapes.undone(content.decode("latin-1"))) is not None:
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

    def _opened(self, match: re.Match[str]) -> str:
        token = match.group().replace("\r", "").replace("\n", "")
        return f"{{{{encoded:{self.fingerprint(token)}}}}}" if self._hides(token) else match.group()

    def _shaped(self, kind: str, value: str) -> str:
        return value if is_made_up(value) else self.learn(kind, value)
