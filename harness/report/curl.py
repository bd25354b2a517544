"""A curl line that repeats an exchange, with every secret as a shell variable."""

import json
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import quote

from harness.core import Evidence
from harness.report.legible import legible

KEPT_HEADERS = ("x-rutter-version", "idempotency-key", "content-type", "accept")
"""Request headers that change what the API does; the others are curl's own business."""

LONGEST_BODY = 6_000
"""Characters of a body that fit on a line a person may paste; a longer one is left to a file."""

_PLAIN = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=,@%+&?")


@dataclass
class Credentials:
    """Which redacted texts are the run's own credentials. The own token of a platform is the one that most of its
    requests carry; any other one was sent to see it refused, and must not be replaced by the right one."""

    tokens: dict[str, Counter[str]] = field(default_factory=dict)
    basic: Counter[str] = field(default_factory=Counter)

    def learn(self, item: Evidence) -> None:
        """Count the credentials of one exchange."""
        token = item.param("access_token")
        if token and item.platform:
            self.tokens.setdefault(item.platform, Counter())[token] += 1
        authorization = item.request_headers.get("authorization")
        if authorization:
            self.basic[authorization] += 1

    def variable(self, token: str, platform: str | None) -> str:
        """The shell text for a redacted token: a variable, or a text that is refused just as well."""
        if platform is not None and platform not in self.tokens:
            return f"$RUTTER_ACCESS_TOKEN_{platform}"
        for name, counted in self.tokens.items():
            if counted.most_common(1)[0][0] == token:
                return f"$RUTTER_ACCESS_TOKEN_{name}"
        return "wrong-access-token"

    def is_own(self, authorization: str) -> bool:
        """Whether an Authorization header is the run's own."""
        return not self.basic or self.basic.most_common(1)[0][0] == authorization


def curl_line(item: Evidence, credentials: Credentials | None = None) -> str:
    """The line. `$RUTTER_CLIENT_ID`, `$RUTTER_CLIENT_SECRET` and `$RUTTER_ACCESS_TOKEN_<PLATFORM>` are the variables
    that `golive` itself reads. A body that was not JSON is not part of evidence; the line then says so."""
    known = credentials or Credentials()
    parts = ["curl", "-sS", "-X", _quoted(item.method)]
    authorization = item.request_headers.get("authorization")
    if authorization is not None:
        own = known.is_own(authorization)
        parts += ["-u", '"$RUTTER_CLIENT_ID:$RUTTER_CLIENT_SECRET"' if own else "'wrong:wrong'"]
    for name in KEPT_HEADERS:
        value = item.request_headers.get(name)
        if value is not None and (name != "accept" or value != "*/*"):
            parts += ["-H", _quoted(f"{name}: {value}")]
    body = _body(item)
    parts.append(_url(item, known))
    return legible(" ".join(parts + body))


def _url(item: Evidence, known: Credentials) -> str:
    base = item.base_url + quote(item.path, safe="/:@!$&'()*+,;=~")
    pairs = []
    for name, value in item.query:
        if name == "access_token":
            text = known.variable(value, item.platform) if value.startswith("{{") else quote(value, safe="")
            pairs.append((f"{name}=", text))
        else:
            pairs.append((f"{quote(name, safe='')}={quote(value, safe='')}", ""))
    plain = base + "".join(("&" if index else "?") + start for index, (start, _) in enumerate(_last_token(pairs)))
    variable = next((text for _, text in pairs if text), "")
    return _quoted(plain) + (f'"{variable}"' if variable.startswith("$") else variable)


def _last_token(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The access token at the end, where a shell variable can follow the quoted text."""
    return sorted(pairs, key=lambda pair: bool(pair[1]))


def _body(item: Evidence) -> list[str]:
    if item.request_json is None:
        length = item.request_headers.get("content-length", "0")
        return [] if length == "0" or item.method == "GET" else [f"# sent {length} bytes that are not JSON"]
    text = json.dumps(item.request_json, ensure_ascii=False)
    if len(text) > LONGEST_BODY:
        return [
            "--data-binary",
            f"@body.json  # {len(text):,} characters: request_json of {item.id} in evidence.ndjson",
        ]
    return ["--data-binary", _quoted(text)]


def _quoted(text: str) -> str:
    if text and all(character in _PLAIN - set("&?") for character in text):
        return text
    return "'" + text.replace("'", "'\\''") + "'"
