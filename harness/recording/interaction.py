"""One redacted exchange as it is stored, and what makes two requests the same."""

import base64
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from hashlib import blake2b
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from harness.core import Redactor
from harness.core.unwrapping import unpacked
from harness.recording.jsontext import compact, with_exact_numbers

BASE, ORIGIN = "{{base_url}}", "{{base_origin}}"
"""Stand for the target's base URL, and for its scheme, host and port, in what is stored: an emulator's port says
nothing, and would make every recording another file."""

LOSSLESS = "surrogateescape"
"""How bytes that are no UTF-8 become text and bytes again."""

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
MATCHED = frozenset(
    {
        "authorization",
        "content-type",
        "content-encoding",
        "idempotency-key",
        "if-match",
        "if-none-match",
        "prefer",
        "range",
    }
)
"""Request headers that must be the same: who asks, what for, under which key, and what the answer depends on."""

MATCHED_TOO = "x-rutter-"
"""How the names of further ones begin, such as the version's."""

USUAL_ACCEPT = frozenset({"*/*", "application/json"})
"""Values of `accept` that say nothing; any other must be the same."""

WIRE = frozenset(
    {"content-length", "content-encoding", "transfer-encoding", "connection", "keep-alive", "date", "server"}
)
"""Response headers about the wire alone; they are not kept."""

ID = re.compile(r".*\d.*|.*\{\{.*")


@dataclass(frozen=True, slots=True)
class Asked:
    """A redacted request. `uri` is relative to the base URL, in canonical percent-encoding, parameters in the order
    they were sent; `headers` are those that must be the same; `kind` is json, text or none, `body` accordingly. A byte
    that is no UTF-8 stands in a text as a surrogate (PEP 383), so that no two bodies are the same text."""

    method: str
    uri: str
    headers: Mapping[str, str]
    body: Any = None
    kind: str = "json"

    @property
    def resource(self) -> str:
        """The path up to its first id: what writes are counted by."""
        parts = self.uri.partition("?")[0].split("/")
        place = next((index for index, part in enumerate(parts) if ID.fullmatch(part)), len(parts))
        return "/".join(parts[:place])

    @property
    def is_write(self) -> bool:
        """Whether the request may change something."""
        return self.method in WRITES

    @property
    def sent_headers(self) -> dict[str, str]:
        """The headers as a client sends them: a basic pair in base64."""
        pair = self.headers.get("authorization", "")
        if not pair.startswith("Basic "):
            return dict(self.headers)
        return {**self.headers, "authorization": f"Basic {base64.b64encode(pair[6:].encode()).decode()}"}

    def content(self) -> bytes:
        """The bytes of the body, as a client sends them."""
        if self.kind == "none":
            return b""
        return str(self.body).encode(errors=LOSSLESS) if self.kind == "text" else compact(self.body)

    def key(self, writes: int) -> str:
        """What is looked up: method, canonical URI, tenant, key, version, body (the order of its keys is all the same),
        and the number of writes to the resource before it."""
        told = [self.method, self.uri, sorted(self.headers.items()), self.body, writes]
        if self.kind == "json" and (self.body is None or isinstance(self.body, str)):
            told.append(self.kind)  # `null` is not nothing, and `"a"` not the text a
        text = json.dumps(told, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return blake2b(text.encode(errors="surrogatepass"), digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True)
class Answered:
    """A redacted response, or why there was none. `kind` is json, text, base64 or none; `body` accordingly. A header
    that was sent several times has its values on lines of their own."""

    status: int | None
    headers: Mapping[str, str] = field(default_factory=dict)
    kind: str = "none"
    body: Any = None
    problem: str | None = None

    def content(self) -> bytes:
        """The bytes of the body as it is stored."""
        if self.kind == "none":
            return b""
        if self.kind == "base64":
            return base64.b64decode(self.body)
        return str(self.body).encode(errors="surrogatepass") if self.kind == "text" else compact(self.body)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a replay gives: the bytes of the body are those that a client would have read; headers as of `Answered`."""

    status: int | None
    headers: Mapping[str, str]
    content: bytes
    problem: str | None


@dataclass(frozen=True, slots=True)
class Interaction:
    """A request with its answer, at its place: group (a file), chapter (a case or a shared reading)."""

    group: str
    chapter: str
    asked: Asked
    answered: Answered

    def to_json(self) -> dict[str, Any]:
        """A dict for one line of a journal; `from_json` turns it back."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Interaction":
        """The inverse of `to_json`."""
        return cls(data["group"], data["chapter"], Asked(**data["asked"]), Answered(**data["answered"]))


def asked(
    redactor: Redactor, base_url: str, method: str, url: str, headers: Iterable[tuple[str, str]], body: bytes
) -> Asked:
    """The redacted form of a request."""
    path, _, query = url.removeprefix(base_url).partition("#")[0].partition("?")
    uri = _path(redactor, path)
    pairs = redactor.query(parse_qsl(query, keep_blank_values=True, errors=LOSSLESS)) if query else ()
    if pairs:
        uri += "?" + "&".join(
            f"{_quoted(name, '/')}={_quoted(without_base(value, base_url), '{}:/-_.~,')}" for name, value in pairs
        )
    matched = redactor.headers(tuple((name, value) for name, value in headers if _is_matched(name.lower(), value)))
    if not body:
        return Asked(method, uri, matched, None, "none")
    content = unpacked(body)
    value, is_json, _ = redactor.body(with_exact_numbers(content))
    if is_json:
        return Asked(method, uri, matched, _without(value, base_url))
    text = redactor.text(content.decode("utf-8", LOSSLESS))
    return Asked(method, uri, matched, without_base(text, base_url), "text")


def _is_matched(name: str, value: str) -> bool:
    if name == "accept":
        return value not in USUAL_ACCEPT
    return name in MATCHED or name.startswith(MATCHED_TOO)


def _path(redactor: Redactor, path: str) -> str:
    """A path in canonical percent-encoding; an encoded slash is none between segments."""
    plain = unquote(path, errors=LOSSLESS)
    safe = redactor.text(plain)
    if safe == plain and "%2f" in path.lower():
        return "/".join(_quoted(unquote(part, errors=LOSSLESS), "{}:-_.~") for part in path.split("/"))
    return _quoted(safe, "/{}:-_.~")


def _quoted(text: str, safe: str) -> str:
    return quote(text, safe=safe, errors=LOSSLESS)


def answered(
    redactor: Redactor, base_url: str, status: int, headers: Iterable[tuple[str, str]], body: bytes
) -> Answered:
    """The redacted form of a response whose content-encoding is undone."""
    kept: dict[str, str] = {}
    for pair in headers:
        for name, text in redactor.headers((pair,)).items() if pair[0].lower() not in WIRE else ():
            relative = without_base(text, base_url)
            kept[name] = f"{kept[name]}\n{relative}" if name in kept else relative
    if not body:
        return Answered(status, kept)
    value, is_json, _ = redactor.body(body)
    if is_json:
        return Answered(status, kept, "json", _without(value, base_url))
    safe = redactor.kept(body)
    try:
        return Answered(status, kept, "text", without_base(safe.decode("utf-8"), base_url))
    except UnicodeDecodeError:
        return Answered(status, kept, "base64", base64.b64encode(safe).decode("ascii"))


def _without(value: Any, base_url: str) -> Any:
    if isinstance(value, dict):
        return {key: _without(item, base_url) for key, item in value.items()}
    if isinstance(value, list):
        return [_without(item, base_url) for item in value]
    return without_base(value, base_url) if isinstance(value, str) else value


@lru_cache(maxsize=8)
def _origin(base_url: str) -> tuple[str, re.Pattern[str]]:
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(base_url))
    return origin, re.compile(re.escape(origin) + r"(?![\w.:-])")


def without_base(text: str, base_url: str) -> str:
    """A text in which the target's own address is none; `with_base` undoes it."""
    origin, pattern = _origin(base_url)
    return pattern.sub(ORIGIN, text.replace(base_url, BASE)) if origin in text else text


def with_base(content: bytes, base_url: str) -> bytes:
    """The inverse of `without_base`, of bytes."""
    if b"{{base_" not in content:
        return content
    origin, _ = _origin(base_url)
    return content.replace(BASE.encode(), base_url.encode()).replace(ORIGIN.encode(), origin.encode())
