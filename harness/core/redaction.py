"""Redaction: raw exchange in, evidence out. The one place where secrets are replaced.

A secret is replaced by `{{kind:fingerprint}}`. The fingerprint is keyed, so that two tenants stay apart and the same
secret is the same text wherever the key is the same, while nobody can test guesses against a report. A value that only
hides a secret (a cursor, a signed link, a gzip in base64) becomes `{{encoded:fingerprint}}` as a whole.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from harness.core import bodies, escapes
from harness.core.bodies import parse_json, walk
from harness.core.clock import iso_utc
from harness.core.evidence import Evidence
from harness.core.exchange import Exchange, Headers
from harness.core.pseudonyms import Pseudonyms
from harness.core.secrets import (
    ANNOUNCED,
    LONG,
    MINIMUM_SECRET,
    NAMER,
    PLACEHOLDER,
    SHAPES,
    SHAPES_IN_BYTES,
    STARTS,
    TOKEN,
    WRAPPED,
    announces,
    escaping_parts,
    forms,
    hides,
    holds_lines,
    inner_runs,
    is_long_token,
    is_made_up,
    is_one_run,
    is_secret_header,
    kind_of,
    may_escape,
    runs,
)

MOST_REMEMBERED = 100_000
"""Runs and tokens whose check is remembered."""

LEAST_COOKIE = 12
"""Letters of a cookie's value from which on it is searched for elsewhere: shorter ones are words and flags."""


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
        self._is_built = True
        self._within_runs: tuple[str, ...] = ()
        self._over_runs: tuple[tuple[bytes, frozenset[bytes]], ...] = ()
        self._undone: dict[str, str] = {}
        self._escaped: re.Pattern[str] | None = None
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
        self._within_runs = tuple(form for form in self._known if is_one_run(form))
        over = (form.encode(errors="surrogatepass") for form in self._known if not is_one_run(form))
        self._over_runs = tuple((form, inner_runs(form)) for form in over)
        ordered = sorted(self._known, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, ordered)))
        self._inside = re.compile(b"|".join(re.escape(form.encode(errors="surrogatepass")) for form in ordered))
        self._escaped = re.compile("|".join(map(re.escape, sorted(self._undone, key=len, reverse=True))))

    def text(self, text: str) -> str:
        """`text` with every known secret replaced, and what looks like one; also for messages and exceptions."""
        if not self._is_built:
            self._build()
        if self._pattern is not None:
            text = self._pattern.sub(lambda match: self._known[match.group()], text)
        if self._escaped is not None:
            text = escapes.replaced(text, self._escaped, self._undone)
        for kind, shape in SHAPES:
            text = shape.sub(lambda match, kind=kind: self._shaped(kind, match.group()), text)  # type: ignore[misc]
        if ("=" in text or ":" in text) and NAMER.search(text) is not None:
            text = ANNOUNCED.sub(self._announced, text)
        if len(text) >= LONG:
            text = TOKEN.sub(self._opened, WRAPPED.sub(self._opened, text) if "\n" in text else text)
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

    def kept(self, body: bytes) -> bytes:
        """What is kept of a body that is no JSON, see `bodies.kept`."""
        return body if self._settled else bodies.kept(body, self.text, self.fingerprint)

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
        if rest and not is_made_up(rest):
            self.learn("authorization", rest)
        return f"{{{{authorization:{self.fingerprint(value)}}}}}"

    def _part(self, kind: str, value: str) -> str:
        return value if not value or is_made_up(value) else self.learn(kind, value)

    def _header(self, name: str, value: str) -> str:
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

    def _is_clean(self, body: bytes) -> bool:
        """Whether a body neither holds a secret, in any form that is known, nor a word that announces one; neither as
        it is written nor with its escapes undone."""
        if not self._is_clean_as_written(body) or holds_lines(body):
            return False
        if not may_escape(body):
            return True
        said = escapes.undone(b"\n".join(escaping_parts(body)).decode("utf-8", "replace"))
        if self._escaped is not None and self._escaped.search(said) is not None:
            return False
        return self._is_clean_as_written(said.encode(errors="surrogatepass"))

    def _is_clean_as_written(self, body: bytes) -> bool:
        """Searched run by run: the same ids, keys and words are met again and again, and each is looked at once."""
        if not self._is_built:
            self._build()
        words = runs(body)
        if any(inner <= words and form in body for form, inner in self._over_runs):
            return False
        for run in words - self._harmless:
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
        if self._inside is not None and self._inside.search(content) is not None:
            return True
        escaped = self._escaped if may_escape(content) else None
        if escaped is not None and escaped.search(escapes.undone(content.decode("latin-1"))) is not None:
            return True
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


Recorder = Callable[[Exchange], Evidence]
