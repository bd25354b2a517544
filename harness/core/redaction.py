"""Redaction: raw exchange in, evidence out. The one place where secrets are replaced.

A secret is replaced by `{{kind:fingerprint}}`. The fingerprint is keyed, so that two tenants stay apart and the same
secret is the same text wherever the key is the same, while nobody can test guesses against a report. A value that only
hides a secret (a cursor, a signed link, a gzip in base64) becomes `{{encoded:fingerprint}}` as a whole.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import orjson

from harness.core.clock import iso_utc
from harness.core.evidence import Evidence
from harness.core.exchange import Exchange, Headers
from harness.core.pseudonyms import Pseudonyms
from harness.core.secrets import (
    LONG,
    MINIMUM_SECRET,
    PLACEHOLDER,
    SECRET_HEADERS,
    SHAPES,
    STARTS,
    TOKEN,
    announces,
    escapes,
    forms,
    hides,
    is_long_token,
    is_made_up,
    is_one_run,
    kind_of,
    runs,
    unpacked,
)

SPACE = b" \t\r\n"
"""White space between the parts of a JSON text. Source: RFC 8259, section 2."""

MOST_REMEMBERED = 100_000
"""Runs and tokens whose check is remembered."""


class Redactor:
    """Turns exchanges into evidence. Not thread-safe; one per worker, all with the same `key` so that fingerprints
    agree over workers. With `pseudonymise`, personal data in bodies becomes pseudonyms as well; with `settled`, the
    bodies of responses are evidence already, as in a replay, and are not searched again."""

    def __init__(
        self,
        key: bytes,
        secrets: Iterable[tuple[str, str]] = (),
        *,
        prefix: str = "ev",
        pseudonymise: bool = False,
        settled: bool = False,
    ) -> None:
        self._key = key
        self._settled = settled
        self._prefix = prefix
        self._count = 0
        self._known: dict[str, str] = {}
        self._within_runs: tuple[str, ...] = ()
        self._over_runs: tuple[bytes, ...] = ()
        self._inside: re.Pattern[bytes] | None = None
        self._hiding: dict[str, bool] = {}
        self._harmless: set[bytes] = set()
        self._pattern: re.Pattern[str] | None = None
        self._people = Pseudonyms(self.fingerprint) if pseudonymise else None
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
        self._hiding.clear()
        self._harmless.clear()
        self._within_runs = tuple(form for form in self._known if is_one_run(form))
        self._over_runs = tuple(form.encode(errors="surrogatepass") for form in self._known if not is_one_run(form))
        ordered = sorted(self._known, key=len, reverse=True)
        self._pattern = re.compile("|".join(re.escape(form) for form in ordered))
        self._inside = re.compile(b"|".join(re.escape(form.encode(errors="surrogatepass")) for form in ordered))
        return replacement

    def text(self, text: str) -> str:
        """`text` with every known secret replaced, and what looks like one; also for messages and exceptions."""
        if self._pattern is not None:
            text = self._pattern.sub(lambda match: self._known[match.group()], text)
        for kind, shape in SHAPES:
            text = shape.sub(lambda match, kind=kind: self._shaped(kind, match.group()), text)  # type: ignore[misc]
        if self._pattern is not None and len(text) >= LONG:
            text = TOKEN.sub(self._opened, text)
        return self._people.text(text) if self._people is not None else text

    def evidence(self, exchange: Exchange, *, case: str | None = None, **tags: str) -> Evidence:
        """The redacted form of `exchange`, with a fresh id."""
        self._count += 1
        split = urlsplit(exchange.request.url)
        query = self.query(parse_qsl(split.query, keep_blank_values=True))
        if self._people is not None:
            self._people.spare(parse_json(exchange.request.body)[0])
        request_value, _, _ = self.body(exchange.request.body)
        response = exchange.response
        read = parse_json if self._settled else self.body
        response_value, is_json, problem = read(response.body) if response else (None, False, None)
        text = None
        if response is not None and not is_json:
            text = self.text(unpacked(response.body).decode("utf-8", "replace"))[:2000]
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
            query=query,
            request_headers=self.headers(exchange.request.headers),
            request_json=request_value,
            status=response.status if response else None,
            response_headers=self.headers(response.headers) if response else {},
            response_json=response_value,
            response_is_json=is_json,
            response_text=text,
            problem=self.text(f"{exchange.problem.kind}: {exchange.problem.message}") if exchange.problem else None,
            started_at=iso_utc(exchange.started_at),
            elapsed_ms=round(exchange.elapsed * 1000, 3),
            attempt=exchange.attempt,
            json_problem=problem,
            tags={key: self.text(value) for key, value in tags.items()},
        )

    def query(self, pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        """Query parameters, decoded, with their secrets replaced."""
        found = tuple(pairs)
        for key, value in found:
            self._learn_pair(key, value)
        return tuple((key, self._value(key, value)) for key, value in found)

    def body(self, body: bytes) -> tuple[Any, bool, str | None]:
        """(value without secrets, is strict JSON, what is wrong) of a body; the value is None when it is no JSON."""
        value, is_json, problem = parse_json(body)
        if not is_json:
            return value, is_json, problem
        clean = self._is_clean(body)
        if not clean:
            self._learn_tree(value)
        if clean and self._people is None:
            return value, is_json, problem
        return self._tree(value), is_json, problem

    def headers(self, headers: Headers) -> dict[str, str]:
        """Headers by lower-case name, repeats joined, with their secrets replaced."""
        safe: dict[str, str] = {}
        for name, value in headers:
            lower = name.lower()
            shown = self.authorization(value) if lower.endswith("authorization") else self._header(lower, value)
            safe[lower] = f"{safe[lower]}, {shown}" if lower in safe else shown
        return safe

    def authorization(self, value: str) -> str:
        """The value of an `Authorization` header: a Basic pair keeps its two parts apart."""
        if PLACEHOLDER.fullmatch(value):
            return value
        scheme, _, rest = value.partition(" ")
        if scheme.lower() == "basic":
            try:
                pair = base64.b64decode(rest, validate=True).decode()
            except ValueError:
                return f"Basic {{{{authorization:{self.fingerprint(rest)}}}}}"
            taken = PLACEHOLDER.match(pair)
            user = taken.group() if taken else pair.partition(":")[0]
            colon, password = pair[len(user) : len(user) + 1], pair[len(user) + 1 :]
            if colon == ":":
                return f"Basic {self._part('client_id', user)}:{self._part('client_secret', password)}"
        return f"{{{{authorization:{self.fingerprint(value)}}}}}"

    def _part(self, kind: str, value: str) -> str:
        return value if not value or is_made_up(value) else self.learn(kind, value)

    def _header(self, name: str, value: str) -> str:
        if name in SECRET_HEADERS:
            return value if PLACEHOLDER.fullmatch(value) else f"{{{{{name}:{self.fingerprint(value)}}}}}"
        return self.text(value)

    def _is_clean(self, body: bytes) -> bool:
        """Whether a body neither holds a secret, in any form that is known, nor a word that announces one. Searched run
        by run: the same ids, keys and words are met again and again, and each is looked at once."""
        if escapes(body) or any(form in body for form in self._over_runs):
            return False
        for run in runs(body) - self._harmless:
            if self._tells(run.decode("ascii")):
                return False
            if len(self._harmless) < MOST_REMEMBERED:
                self._harmless.add(run)
        return True

    def _tells(self, run: str) -> bool:
        if kind_of(run) is not None or announces(run) or any(form in run for form in self._within_runs):
            return True
        return is_long_token(run) and (any(start in run for start in STARTS) or self._hides(run))

    def _holds(self, content: bytes) -> bool:
        return self._inside is not None and self._inside.search(content) is not None

    def _hides(self, token: str) -> bool:
        """Whether a long token holds a known secret in some encoding."""
        found = self._hiding.get(token)
        if found is None:
            found = self._inside is not None and hides(token, self._holds)
            if len(self._hiding) < MOST_REMEMBERED:
                self._hiding[token] = found
        return found

    def _opened(self, match: re.Match[str]) -> str:
        token = match.group()
        return f"{{{{encoded:{self.fingerprint(token)}}}}}" if self._hides(token) else token

    def _shaped(self, kind: str, value: str) -> str:
        return value if is_made_up(value) else self.learn(kind, value)

    def _learn_pair(self, key: str, value: Any) -> None:
        kind = kind_of(key)
        if kind is not None and kind != "card" and isinstance(value, str) and not is_made_up(value):
            self.learn(kind, value)

    def _learn_tree(self, value: Any) -> None:
        for key, item in walk(value):
            self._learn_pair(key, item)

    def _value(self, key: str, value: Any) -> Any:
        kind = kind_of(key)
        if isinstance(value, str):
            if kind is not None and value and not is_made_up(value):
                return self.learn(kind, value) if kind != "card" else "{{card}}"
            if self._people is not None:
                value = self._people.value(key, value)
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


def walk(value: Any) -> Iterable[tuple[str, Any]]:
    """Every (key, value) pair of a JSON tree, at any depth."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield key, item
            yield from walk(item)
    elif isinstance(value, list):
        for item in value:
            yield from walk(item)


def parse_json(body: bytes) -> tuple[Any, bool, str | None]:
    """(value, is strict JSON, what is wrong). NaN, Infinity, duplicate keys, a byte order mark and other encodings than
    UTF-8 are refused: a strict client would."""
    if not body:
        return None, False, None
    try:
        value = orjson.loads(body)
        # Several times as quick as what follows, but silent about duplicate keys and rough with long numbers: believed
        # only where the same bytes come out again. White space may differ: within a text it cannot have changed.
        dense = orjson.dumps(value)
        if dense == body or dense.translate(None, SPACE) == body.translate(None, SPACE):
            return value, True, None
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        pass  # the standard library, below, says what is wrong, or takes it
    try:
        return (
            json.loads(body.decode("utf-8"), parse_constant=_refuse_constant, object_pairs_hook=unique_pairs),
            True,
            None,
        )
    except ValueError as error:
        return None, False, str(error)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def unique_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"duplicate key {twice!r}")
    return value


Recorder = Callable[[Exchange], Evidence]
