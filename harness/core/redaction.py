"""Redaction: raw exchange in, evidence out. The one place where secrets are replaced.

A secret is replaced by `{{kind:fingerprint}}`. The fingerprint is keyed, so that two tenants stay apart and the same
secret is the same text wherever the key is the same, while nobody can test guesses against a report. A value that only
hides a secret (a cursor, a signed link, a gzip in base64) becomes `{{encoded:fingerprint}}` as a whole.
"""

import base64
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from harness.core import bodies
from harness.core.bodies import parse_json, walk
from harness.core.clock import iso_utc
from harness.core.evidence import Evidence
from harness.core.exchange import Exchange, Headers
from harness.core.pseudonyms import Pseudonyms
from harness.core.secret_search import MOST_REMEMBERED, Searcher
from harness.core.secrets import MINIMUM_SECRET, PLACEHOLDER, is_made_up, is_secret_header, kind_of

LEAST_COOKIE = 12
"""Letters of a cookie's value from which on it is searched for elsewhere: shorter ones are words and flags."""


class Redactor(Searcher):
    """Turns exchanges into evidence. Not thread-safe; one per worker, all with the same `key` so that fingerprints
    agree over workers. With `pseudonymise`, personal data in bodies becomes pseudonyms as well; with `settled`, what
    responses hold is evidence already, as in a replay, and is not searched again."""

    def __init__(
        self,
        key: bytes,
        secrets: Iterable[tuple[str, str]] = (),
        *,
        prefix: str = "ev",
        pseudonymise: bool = False,
        settled: bool = False,
    ) -> None:
        super().__init__(key, secrets)
        self._settled = settled
        self._made_up: set[bytes] = set()
        self._prefix = prefix
        self._count = 0
        self._authorizations: dict[str, str] = {}
        self._people = Pseudonyms(self.fingerprint) if pseudonymise else None

    def text(self, text: str) -> str:
        """`text` with every known secret replaced, and what looks like one; also for messages and exceptions."""
        safe = super().text(text)
        return self._people.text(safe) if self._people is not None else safe

    def evidence(self, exchange: Exchange, *, case: str | None = None, **tags: str) -> Evidence:
        """The redacted form of `exchange`, with a fresh id."""
        self._count += 1
        split = urlsplit(exchange.request.url)
        query = self.query(parse_qsl(split.query, keep_blank_values=True))
        if self._people is not None:
            self.sent(parse_json(exchange.request.body)[0])
        request_value, _, _ = self.body(exchange.request.body)
        response = exchange.response
        read = parse_json if self._settled else self.body
        response_value, is_json, problem = read(response.body) if response else (None, False, None)
        text = None
        if response is not None and not is_json:
            safe = self.kept(response.body)
            text = bodies.shown(safe)[:2000]
            problem = parse_json(safe)[2] or problem  # of what is kept: it says the same in a replay, and no secret
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
            response_headers=(joined if self._settled else self.headers)(response.headers) if response else {},
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
        return tuple((self.text(key), self._value(key, value)) for key, value in found)

    def body(self, body: bytes) -> tuple[Any, bool, str | None]:
        """(value without secrets, is strict JSON, what is wrong) of a body; the value is None when it is no JSON."""
        value, is_json, problem = parse_json(body)
        if not is_json:
            return value, is_json, problem
        clean = self.is_clean(body)
        if not clean:
            self._learn_tree(value)
        if clean and self._people is None:
            return value, is_json, problem
        return self._tree(value), is_json, problem

    def kept(self, body: bytes) -> bytes:
        """What is kept of a body that is no JSON, see `bodies.kept`."""
        whole = self._settled or body in self._made_up
        return body if whole else bodies.kept(body, self.text, self.fingerprint)

    def spare(self, content: bytes) -> None:
        """Keep a file as it is wherever an answer is exactly that: the run made it up, so that it hides nothing."""
        self._made_up.add(content)

    @property
    def pseudonymises(self) -> bool:
        """Whether personal data becomes pseudonyms."""
        return self._people is not None

    def sent(self, value: Any) -> None:
        """What the run itself makes up (the value of a body) is no personal data, unless an answer said it before."""
        if self._people is not None:
            self._people.spare(value)

    def asked(self, text: str) -> str:
        """What a query that was made of evidence asks the target for: persons by what they are called there."""
        return self._people.undone(text) if self._people is not None else text

    def headers(self, headers: Headers) -> dict[str, str]:
        """Headers by lower-case name, repeats joined, with their secrets replaced."""
        return joined((self.header_name(name), self._header(name.lower(), value)) for name, value in headers)

    def authorization(self, value: str) -> str:
        """The value of an `Authorization` header: a Basic pair keeps its two parts apart."""
        shown = self._authorizations.get(value)
        if shown is None:
            shown = self._authorization(value)
            if len(self._authorizations) < MOST_REMEMBERED:
                self._authorizations[value] = shown
        return shown

    def _authorization(self, value: str) -> str:
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
        if rest and not is_made_up(rest):
            self.learn("authorization", rest)
        return f"{{{{authorization:{self.fingerprint(value)}}}}}"

    def _part(self, kind: str, value: str) -> str:
        return value if not value or is_made_up(value) else self.learn(kind, value)

    def _header(self, name: str, value: str) -> str:
        if name.endswith("authorization"):
            return self.authorization(value)
        if not is_secret_header(name) or PLACEHOLDER.fullmatch(value) or is_made_up(value):
            return self.text(value)
        if name.endswith("cookie"):
            for cookie in value.split(";") if name == "cookie" else [value.partition(";")[0]]:
                self._learn_cookie(cookie.partition("=")[2].strip())
        else:
            self.learn("secret", value)
        return f"{{{{{name}:{self.fingerprint(value)}}}}}"

    def _learn_cookie(self, value: str) -> None:
        if len(value) >= LEAST_COOKIE and any(letter.isdigit() for letter in value) and not is_made_up(value):
            self.learn("cookie", value)

    def _learn_pair(self, key: str, value: Any) -> None:
        kind = kind_of(key)
        if kind is not None and kind != "card" and isinstance(value, str) and not is_made_up(value):
            self.learn(kind, value)

    def _learn_tree(self, value: Any) -> None:
        for key, item in walk(value):
            for one in item if isinstance(item, list) else [item]:
                self._learn_pair(key, one)

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
        if kind is not None and isinstance(value, list):
            return [self._value(key, item) if isinstance(item, str) else self._tree(item) for item in value]
        return self._tree(value)

    def _tree(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {self.text(key): self._value(key, item) for key, item in value.items()}
        if isinstance(value, list):
            spelled = _letters(value)
            return [self._tree(item) for item in value] if self.text(spelled) == spelled else self.text(spelled)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return value if self.text(str(value)) == str(value) else self.text(str(value))
        return self.text(value) if isinstance(value, str) else value


def _letters(value: list[Any]) -> str:
    """The text that a list of numbers or of parts spells, as some languages show bytes; empty when it is none."""
    if len(value) > 1 and all(isinstance(item, str) for item in value):
        return "".join(value)
    if len(value) < MINIMUM_SECRET or not all(type(item) is int and 0 <= item < 0x110000 for item in value):
        return ""
    try:
        return bytes(value).decode()
    except ValueError:
        return "".join(map(chr, value))


def joined(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Headers by lower-case name, repeats joined."""
    found: dict[str, str] = {}
    for name, value in headers:
        lower = name.lower()
        found[lower] = f"{found[lower]}, {value}" if lower in found else value
    return found


Recorder = Callable[[Exchange], Evidence]
