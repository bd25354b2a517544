"""What looks like a secret in files that go into a repository: shapes, announced values, opaque tokens."""

import base64
import binascii
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from harness.core.bodies import shown
from harness.core.escapes import ESCAPE, undone
from harness.core.secret_search import Searcher
from harness.core.secrets import PLACEHOLDER, SHAPES, is_made_up, kind_of
from harness.core.spellings import forms
from harness.core.unwrapping import UUID, unpacked
from harness.errors import StorageError

LEAST_OPAQUE = 24
"""Letters of a token from which on its entropy tells something."""

OPAQUE_BITS = 4.0
"""Bits per letter above which a token is a secret rather than a word: keys of chance have over 4.5 in base64."""

HEX_BITS = 3.3
"""The same for tokens of hex digits alone."""

TOKEN = re.compile(r"[A-Za-z0-9+/_%.~-]{24,}={0,2}")
ANNOUNCED = re.compile(r"""["']?([A-Za-z_-]{3,40})["']?\\?["']?\s*(?:[:=]|%3[AaDd])\s*\\?["']?(?=([^\s"'\\&,;]{6,}))""")
MORE_SHAPES = (
    ("password in a URL", re.compile(r"(?<=://)[^\s/:@\"'{}]+:[^\s/@\"'{}]{4,}(?=@)")),
    ("key", re.compile(r"\b(?:SK|AC)[0-9a-f]{32}\b|\bsk-[A-Za-z0-9][\w-]{19,}")),
)
"""Texts that are secrets in a file, beside `SHAPES`."""

HASHED = re.compile(
    r"(?:hash|e-?tag|sha-?\d*|md5|digest|checksum|commit|revision|fingerprint)\\?[\"']?\s{0,2}[:=]?\s{0,2}\\?[\"']?(?:W/)?\\?[\"']?$",
    re.IGNORECASE,
)
"""Before a hash: hex digits that hide nothing."""

DIGESTS = frozenset({32, 40, 56, 64, 96, 128})
"""Hex digits of the usual hashes."""

HEX = re.compile(r"[0-9a-fA-F]+")
SEALS = re.compile(r"= [0-9a-f]{12}(?: [0-9a-f]{16})?|# end \d+ [0-9a-f]{12}|.*\"shared\": \"[0-9a-f]{12}\",?")
BINARY = "~ "
"""How the line of a body that is no text begins in a cassette."""

LARGEST = 50_000_000
"""Bytes of a file beyond which it is no text that anybody reviews."""


@dataclass(frozen=True, slots=True)
class Leak:
    """`where` is file:line, `kind` what it looks like; `shown` are its first four letters and its length."""

    where: str
    kind: str
    shown: str


def audit(paths: Iterable[Path], secrets: Iterable[str] = (), allowed: Iterable[str] = ()) -> list[Leak]:
    """Every text in the files that has the shape of a secret, stands where one stands, or is one of `secrets` in any
    encoding. `allowed` are texts that are known to be none. StorageError when a file cannot be read."""
    search = _Search(tuple(secrets), frozenset(allowed))
    return [leak for path in _files(paths) for leak in search.file(path)]


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(item for item in path.rglob("*") if item.is_file() and ".git" not in item.parts)
        elif path.exists():
            yield path
        else:
            raise StorageError(f"{path}: there is no such file or folder to audit")


class _Search:
    def __init__(self, secrets: tuple[str, ...], allowed: frozenset[str]) -> None:
        self._forms = {form for text in secrets for form in forms(text)}
        self._undone = {undone(text) for text in secrets}
        self._plain = tuple(text.encode() for text in secrets)
        self._searcher = Searcher(b"", (("secret", text) for text in secrets))
        self._allowed = allowed
        self._verdicts: dict[str, str | None] = {}
        self._clean: set[str] = set()

    def file(self, path: Path) -> Iterator[Leak]:
        """What looks like a secret in one file, by line. Raises StorageError when it cannot be read or is too large."""
        try:
            if path.stat().st_size > LARGEST:
                raise StorageError(f"{path}: too large to be audited")
            text = unpacked(path.read_bytes()).decode("utf-8", "replace")
        except OSError as error:
            raise StorageError(f"{path}: cannot read: {error.strerror or error}") from error
        for number, line in enumerate(text.split("\n"), start=1):
            if line in self._clean or SEALS.fullmatch(line):
                continue
            said = _binary(line) if line.startswith(BINARY) else line
            found_here = list(self.line(PLACEHOLDER.sub("{{}}", said)))
            if not found_here:
                self._clean.add(line)  # most lines of a cassette stand there many times
            for kind, found in found_here:
                if found not in self._allowed:
                    yield Leak(f"{path}:{number}", kind, f"{found[:4]}... ({len(found)} letters)")

    def line(self, line: str) -> Iterator[tuple[str, str]]:
        """(kind, text) of each that looks like a secret; each text once."""
        found: dict[str, str] = {}
        for form in self._forms:
            if form in line:
                found.setdefault(form, "known secret")
        if self._undone and ESCAPE.search(line):
            plain = undone(line)
            found |= {secret: "known secret, escaped" for secret in self._undone if secret in plain}
        for text in dict.fromkeys((line, undone(line) if ESCAPE.search(line) else line)):
            if not found and self._plain and self._searcher.says(text):
                found[line.strip()] = "known secret, encoded"
            for kind, shape in (*SHAPES, *MORE_SHAPES):
                for match in shape.finditer(text):
                    if not is_made_up(match.group()):
                        found.setdefault(match.group(), kind)
            for match in ANNOUNCED.finditer(text):
                announced = _announced(match[1].lower())
                if announced is not None and not _harmless(match[2]):
                    found.setdefault(match[2], announced)
        for match in TOKEN.finditer(line):
            told = None if _is_digest(line, match) else self._token(match.group())
            if told is not None and not any(match.group() in text or text in match.group() for text in found):
                found[match.group()] = told
        return iter((kind, text) for text, kind in found.items())

    def _token(self, token: str) -> str | None:
        if token not in self._verdicts:
            self._verdicts[token] = self._judged(token)
        return self._verdicts[token]

    def _judged(self, token: str) -> str | None:
        if "%" in token:  # a link within a link: each part of it by itself
            return next((told for part in TOKEN.findall(unquote(token)) if (told := self._token(part))), None)
        content = _content(token)
        if content is not None:
            if any(secret in content for secret in self._plain):
                return "known secret, encoded"
            text = content.decode("utf-8", "replace")
            if any(shape.search(text) and not is_made_up(text) for _, shape in SHAPES):
                return "encoded secret"
            if text.isprintable():  # a cursor, or other plain text in base64
                inside = next(self.line(PLACEHOLDER.sub("{{}}", text)), None)
                return None if inside is None else "encoded secret"
        for part in re.split(r"[/.=%~_-]", token) if not HEX.fullmatch(token) else [token]:
            if len(part) >= LEAST_OPAQUE and _is_chance(part) and not UUID.fullmatch(token):
                return "high entropy"
        return None


def _binary(line: str) -> str:
    """What a body that is no text says, of a line of a cassette that holds it in base64; else the line."""
    try:
        return shown(base64.b64decode(line[len(BINARY) :], validate=True))
    except binascii.Error:
        return line


def _announced(name: str) -> str | None:
    """What kind of secret stands beside a name, that of a header too."""
    if name in {"cookie", "set-cookie"}:
        return "cookie"
    return kind_of(name) or kind_of(name.removeprefix("x-"))


def _is_digest(line: str, match: re.Match[str]) -> bool:
    """Whether a token is a hash that is named as one."""
    token = match.group()
    named = HASHED.search(line, max(0, match.start() - 24), match.start())
    return len(token) in DIGESTS and HEX.fullmatch(token) is not None and named is not None


def _harmless(value: str) -> bool:
    return is_made_up(value) or value in {"null", "true", "false"} or value[0] in "{[$<"


def _content(token: str) -> bytes | None:
    """What a token holds in base64, gzip inside undone; None when it is none."""
    plain = token.rstrip("=").replace("-", "+").replace("_", "/")
    if len(plain) % 4 == 1 or not re.fullmatch(r"[A-Za-z0-9+/]+", plain):
        return None
    try:
        return unpacked(base64.b64decode(plain + "=" * (-len(plain) % 4)))
    except binascii.Error:
        return None


def _is_chance(part: str) -> bool:
    """Whether a run of letters and digits looks drawn by chance: it mixes digits with letters, evenly spread."""
    if not (any(letter.isdigit() for letter in part) and any(letter.isalpha() for letter in part)):
        return False
    bits = -sum(count / len(part) * math.log2(count / len(part)) for count in Counter(part).values())
    return bits > (HEX_BITS if HEX.fullmatch(part) else OPAQUE_BITS)
