"""Redaction: raw exchange in, evidence out. The one place where secrets are replaced.

A secret is replaced by `{{kind:fingerprint}}`. The fingerprint is keyed per run, so that two tenants stay apart and
the same secret is the same text within one run, while nobody can test guesses against a report.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlsplit

from harness.core.clock import iso_utc
from harness.core.evidence import Evidence
from harness.core.exchange import Exchange, Headers

MINIMUM_SECRET = 6
"""Shorter strings are not replaced inside texts: they would hit ordinary words."""

SECRET_KEYS = {
    "access_token": "access_token",
    "new_access_token": "access_token",
    "public_token": "public_token",
    "publictoken": "public_token",
    "client_secret": "client_secret",
    "secret": "client_secret",
    "client_id": "client_id",
    "password": "secret",
    "basic_password": "secret",
    "api_key": "secret",
    "oauth_access_token": "secret",
    "oauth_refresh_token": "secret",
    "oauth_client_secret": "secret",
    "consumer_secret": "secret",
    "token_secret": "secret",
    "token_id": "secret",
    "amazon_secret_access_key": "secret",
    "otp": "secret",
    "pan": "card",
    "cvc": "card",
    "exp_date": "card",
}
"""JSON keys and query parameters whose value is a secret wherever it stands. Source: [S24] bodies."""

SUSPECT = (
    b"\\u", b"\\/", b"token", b"secret", b"client_id", b"password", b"api_key", b'"otp"', b'"pan"',
    b'"cvc"', b"exp_date",
)  # fmt: skip
"""A body without any of these, in lower case, names no secret. Escapes count: they may hide one."""

SECRET_HEADERS = {"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"}


class Secret:
    """A secret text that does not show itself: `str`, `repr` and formatting give stars; `reveal()` gives the value."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value, for a header or query of a request and nothing else."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return "Secret(***)"

    def __str__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._value, other._value)

    def __hash__(self) -> int:
        return hash(self._value)


class Redactor:
    """Turns exchanges into evidence. Not thread-safe; one per worker, all with the same `key` so that fingerprints
    agree over workers."""

    def __init__(self, key: bytes, secrets: Iterable[tuple[str, str]] = (), *, prefix: str = "ev") -> None:
        self._key = key
        self._prefix = prefix
        self._count = 0
        self._known: dict[str, str] = {}
        self._known_bytes: tuple[bytes, ...] = ()
        self._pattern: re.Pattern[str] | None = None
        for kind, value in secrets:
            self.learn(kind, value)

    def fingerprint(self, value: str) -> str:
        """Ten hex digits of HMAC-SHA256 under the run's key."""
        return hmac.new(self._key, value.encode(), hashlib.sha256).hexdigest()[:10]

    def learn(self, kind: str, value: str) -> str:
        """Register a secret; return its replacement. Every later text is searched for it, plain, URL-encoded and in
        base64."""
        replacement = f"{{{{{kind}:{self.fingerprint(value)}}}}}"
        if len(value) < MINIMUM_SECRET or value in self._known:
            return replacement
        encoded = base64.b64encode(value.encode()).decode()
        forms = {value, quote(value, safe=""), quote_plus(value), encoded, encoded.rstrip("="), json.dumps(value)[1:-1]}
        for form in forms:
            self._known.setdefault(form, replacement)
        self._known_bytes = tuple(form.encode() for form in self._known)
        ordered = sorted(self._known, key=len, reverse=True)
        self._pattern = re.compile("|".join(re.escape(form) for form in ordered))
        return replacement

    def text(self, text: str) -> str:
        """`text` with every known secret replaced; also for messages and exceptions."""
        if self._pattern is None:
            return text
        return self._pattern.sub(lambda match: self._known[match.group()], text)

    def evidence(self, exchange: Exchange, *, case: str | None = None, **tags: str) -> Evidence:
        """The redacted form of `exchange`, with a fresh id."""
        self._count += 1
        split = urlsplit(exchange.request.url)
        raw_query = parse_qsl(split.query, keep_blank_values=True)
        request_value, _, _ = parse_json(exchange.request.body)
        response = exchange.response
        response_value, is_json, problem = parse_json(response.body) if response else (None, False, None)
        for key, value in raw_query:
            self._learn_pair(key, value)
        clean = not _may_name_secrets(exchange.request.body), response is None or not _may_name_secrets(response.body)
        if not clean[0]:
            self._learn_tree(request_value)
        if not clean[1]:
            self._learn_tree(response_value)
        safe_request = clean[0] and not self._holds_known(exchange.request.body)
        safe_response = clean[1] and (response is None or not self._holds_known(response.body))
        text = None
        if response is not None and not is_json:
            text = self.text(response.body[:2000].decode("utf-8", "replace"))
        return Evidence(
            id=f"{self._prefix}-{self._count:06d}",
            case=case,
            platform=exchange.platform,
            connection_id=exchange.connection_id,
            resource=exchange.resource,
            operation=exchange.operation,
            method=exchange.request.method,
            base_url=f"{split.scheme}://{split.netloc.rpartition('@')[2]}",
            path=self.text(unquote(split.path)),
            query=tuple((key, self._value(key, value)) for key, value in raw_query),
            request_headers=self._headers(exchange.request.headers),
            request_json=request_value if safe_request else self._tree(request_value),
            status=response.status if response else None,
            response_headers=self._headers(response.headers) if response else {},
            response_json=response_value if safe_response else self._tree(response_value),
            response_is_json=is_json,
            response_text=text,
            problem=self.text(f"{exchange.problem.kind}: {exchange.problem.message}") if exchange.problem else None,
            started_at=iso_utc(exchange.started_at),
            elapsed_ms=round(exchange.elapsed * 1000, 3),
            attempt=exchange.attempt,
            json_problem=problem,
            tags={key: self.text(value) for key, value in tags.items()},
        )

    def _holds_known(self, body: bytes) -> bool:
        """Whether a body holds a known secret in any form; searched as bytes, which is far faster than value by
        value."""
        return any(form in body for form in self._known_bytes)

    def _learn_pair(self, key: str, value: Any) -> None:
        kind = SECRET_KEYS.get(key.lower())
        if kind is not None and kind != "card" and isinstance(value, str) and not value.startswith("{{"):
            self.learn(kind, value)

    def _learn_tree(self, value: Any) -> None:
        for key, item in _walk(value):
            self._learn_pair(key, item)

    def _value(self, key: str, value: Any) -> Any:
        kind = SECRET_KEYS.get(key.lower())
        if isinstance(value, str):
            if kind is not None and value and not value.startswith("{{"):
                return self.learn(kind, value) if kind != "card" else "{{card}}"
            return self.text(value)
        if kind is not None and isinstance(value, (int, float)) and not isinstance(value, bool):
            return f"{{{{{kind}}}}}"
        return self._tree(value)

    def _tree(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {self.text(key): self._value(key, item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._tree(item) for item in value]
        return self.text(value) if isinstance(value, str) else value

    def _headers(self, headers: Headers) -> dict[str, str]:
        safe: dict[str, str] = {}
        for name, value in headers:
            lower = name.lower()
            shown = f"{{{{{lower}:{self.fingerprint(value)}}}}}" if lower in SECRET_HEADERS else self.text(value)
            safe[lower] = f"{safe[lower]}, {shown}" if lower in safe else shown
        return safe


def _may_name_secrets(body: bytes) -> bool:
    """Whether a body has to be searched value by value."""
    lower = body.lower()
    return any(mark in lower for mark in SUSPECT)


def _walk(value: Any) -> Iterable[tuple[str, Any]]:
    """Every (key, value) pair of a JSON tree, at any depth."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield key, item
            yield from _walk(item)
    elif isinstance(value, list):
        for item in value:
            yield from _walk(item)


def parse_json(body: bytes) -> tuple[Any, bool, str | None]:
    """(value, is strict JSON, what is wrong). NaN, Infinity, duplicate keys, a byte order mark and other encodings than
    UTF-8 are refused: a strict client would."""
    if not body:
        return None, False, None
    try:
        return (
            json.loads(body.decode("utf-8"), parse_constant=_refuse_constant, object_pairs_hook=_unique_pairs),
            True,
            None,
        )
    except ValueError as error:
        return None, False, str(error)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _unique_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"duplicate key {twice!r}")
    return value


Recorder = Callable[[Exchange], Evidence]
