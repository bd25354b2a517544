"""One redacted exchange as it is stored, and what makes two requests the same."""

import base64
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

from harness.core import Redactor
from harness.core.secrets import unpacked
from harness.recording.jsontext import compact

BASE = "{{base_url}}"
"""Stands for the target's base URL in what is stored: an emulator's port says nothing."""

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
MATCHED = ("authorization", "content-type", "idempotency-key", "x-rutter-version")
"""Request headers that must be the same: who asks, what for, under which key and version."""

WIRE = frozenset(
    {"content-length", "content-encoding", "transfer-encoding", "connection", "keep-alive", "date", "server"}
)
"""Response headers about the wire alone; they are not kept."""

ID = re.compile(r".*\d.*|.*\{\{.*")


@dataclass(frozen=True, slots=True)
class Asked:
    """A redacted request. `uri` is relative to the base URL, in canonical percent-encoding, parameters in the order
    they were sent; `headers` are those of `MATCHED`; `body` is a JSON value or a text."""

    method: str
    uri: str
    headers: Mapping[str, str]
    body: Any = None

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

    def key(self, writes: int) -> str:
        """What is looked up: method, canonical URI, tenant, key, version, body (the order of its keys is all the same),
        and the number of writes to the resource before it."""
        told = [self.method, self.uri, sorted(self.headers.items()), self.body, writes]
        text = json.dumps(told, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return blake2b(text.encode(errors="surrogatepass"), digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True)
class Answered:
    """A redacted response, or why there was none. `kind` is json, text, base64 or none; `body` accordingly."""

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
    """What a replay gives: the bytes of the body are those that a client would have read."""

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
    path, _, query = url.removeprefix(base_url).partition("?")
    uri = quote(redactor.text(unquote(path)), safe="/{}:-_.~")
    pairs = redactor.query(parse_qsl(query, keep_blank_values=True)) if query else ()
    if pairs:
        uri += "?" + "&".join(f"{quote(name)}={quote(value, safe='{}:/-_.~,')}" for name, value in pairs)
    matched = tuple((name, value) for name, value in headers if name.lower() in MATCHED)
    value, is_json, _ = redactor.body(body)
    if body and not is_json:
        value = redactor.text(unpacked(body).decode("utf-8", "replace"))
    return Asked(method, uri, redactor.headers(matched), value)


def answered(
    redactor: Redactor, base_url: str, status: int, headers: Iterable[tuple[str, str]], body: bytes
) -> Answered:
    """The redacted form of a response whose content-encoding is undone."""
    kept = redactor.headers(tuple((name, value) for name, value in headers if name.lower() not in WIRE))
    if not body:
        return Answered(status, kept)
    value, is_json, _ = redactor.body(body)
    if is_json:
        return Answered(status, kept, "json", _without(value, base_url))
    safe = redactor.kept(body)
    try:
        return Answered(status, kept, "text", safe.decode("utf-8").replace(base_url, BASE))
    except UnicodeDecodeError:
        return Answered(status, kept, "base64", base64.b64encode(safe).decode("ascii"))


def _without(value: Any, base_url: str) -> Any:
    if isinstance(value, dict):
        return {key: _without(item, base_url) for key, item in value.items()}
    if isinstance(value, list):
        return [_without(item, base_url) for item in value]
    return value.replace(base_url, BASE) if isinstance(value, str) and base_url in value else value
