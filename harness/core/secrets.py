"""What a secret is, where it stands, how it looks, and in which encodings it hides."""

import base64
import hmac
import html
import json
import quopri
import re
import zlib
from collections.abc import Callable, Iterator
from functools import lru_cache
from urllib.parse import quote, quote_plus, unquote_to_bytes

MINIMUM_SECRET = 6
"""Shorter strings are not replaced inside texts: they would hit ordinary words."""

SECRET_KEYS = {
    "accesstoken": "access_token",
    "newaccesstoken": "access_token",
    "oldaccesstoken": "access_token",
    "publictoken": "public_token",
    "refreshtoken": "secret",
    "idtoken": "secret",
    "clientsecret": "client_secret",
    "secret": "client_secret",
    "clientid": "client_id",
    "password": "secret",
    "basicpassword": "secret",
    "apikey": "secret",
    "authorization": "secret",
    "oauthaccesstoken": "secret",
    "oauthrefreshtoken": "secret",
    "oauthclientsecret": "secret",
    "consumersecret": "secret",
    "tokensecret": "secret",
    "tokenid": "secret",
    "amazonsecretaccesskey": "secret",
    "webhooksecret": "secret",
    "signingsecret": "secret",
    "privatekey": "secret",
    "otp": "secret",
    "pan": "card",
    "cvc": "card",
    "expdate": "card",
}
"""JSON keys and query parameters, in lower case without `_` and `-`, whose value is a secret wherever it stands.
Source: [S24] bodies; the spellings that other APIs use are there as well."""

MORE_KEYS = (
    "apitoken authtoken sessiontoken bearertoken csrftoken securitytoken accesskey secretkey secretaccesskey appsecret "
    "sharedsecret hmacsecret webhooksigningsecret signingkey passwd passphrase clientassertion"
)
"""More such keys, of other APIs."""

SECRET_KEYS |= dict.fromkeys(MORE_KEYS.split(), "secret")

NAMER = re.compile("secret|token|key|pass|client|otp|assertion|authorization", re.IGNORECASE)
"""Some part of each name in a text beside which a secret may stand."""

ANNOUNCED = re.compile(
    r"(?P<key>(?<!\{\{)\b(?:[a-z]+[_-])*?(?:"
    + "|".join("[_-]?".join(key) for key in sorted(SECRET_KEYS, key=len, reverse=True) if SECRET_KEYS[key] != "card")
    + r"))(?P<between>\\*[\"']?\s*(?:=|:|%3D)\s*\\*[\"']?)(?P<value>[^\s\"'\\&,;<>#{}()\[\]]{6,})",
    re.IGNORECASE,
)
"""A secret beside its name in a text: a query, a JSON text in a text, a line of a log."""

ANNOUNCERS = ("basic", "bearer", "private")
"""The last letters of the run before the space before a secret of `SHAPES`."""

SECRET_HEADERS = {"authorization", "proxy-authorization", "cookie", "set-cookie"}

SHAPES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("jwt", re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*")),
    ("access_token", re.compile(r"\baccess-(?:sandbox|production)-[0-9a-zA-Z-]{16,}")),
    ("bearer", re.compile(r"(?<=[Bb]earer )[A-Za-z0-9._~+/-]{12,}=*")),
    ("basic", re.compile(r"(?<=[Bb]asic )[A-Za-z0-9+/_-]{12,}={0,2}")),
    ("key", re.compile(r"\b(?:AKIA[0-9A-Z]{16}|sk_live_[0-9a-zA-Z]{12,}|ghp_\w{20,}|xox[abp]-[0-9A-Za-z-]{12,})")),
    ("private_key", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)")),
)  # fmt: skip
"""Texts that are secrets by their looks, whoever wrote them and under whatever key. Source: [S24] example of an
exchanged token; RFC 7519, RFC 6750, RFC 7617, RFC 7468."""

SHAPES_IN_BYTES = re.compile(b"|".join(shape.pattern.encode() for _, shape in SHAPES))

PLACEHOLDER = re.compile(r"\{\{[a-z_-]+(?::[0-9a-f]{10})?\}\}")
"""What stands where a secret was."""

MADE_UP = ("golive-", "00000000-0000-4000-8000-")
"""How the credentials begin that golive makes up to see them refused: no secrets, and the same in every run."""

TOKEN = re.compile(r"[A-Za-z0-9+/_%-]{16,}={0,2}")
WRAPPED = re.compile(r"[A-Za-z0-9+/]{40,76}\r?\n(?:[A-Za-z0-9+/]{40,76}\r?\n)*[A-Za-z0-9+/]*={0,2}")
"""Base64 in lines. Source: RFC 2045, section 6.8."""

LINE = 39
"""Letters before a line break from which on what stands there may be base64: one fewer than a line of it has."""
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

LONG = 16
STARTS = ("eyJ", "access-", "AKIA", "sk_live_", "ghp_", "xox")
"""How the tokens of `SHAPES` begin."""
_RUN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_%-")
_SPACED = bytes(byte if chr(byte) in _RUN else 32 for byte in range(256))
UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
PACKED = (b"\x1f\x8b", b"x\x01", b"x\x5e", b"x\x9c", b"x\xda")
"""How gzip and zlib begin. Source: RFC 1952, RFC 1950."""

LARGEST_UNPACKED = 8 * 1024 * 1024
"""Bytes of a compressed value that are looked at."""


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


@lru_cache(maxsize=4096)
def kind_of(key: str) -> str | None:
    """What kind of secret stands under a key; None when it is none."""
    return SECRET_KEYS.get(key.replace("_", "").replace("-", "").lower())


def is_made_up(value: str) -> bool:
    """Whether a value is a placeholder, or one that golive made up itself."""
    return value.startswith(("{{", *MADE_UP))


def is_secret_header(name: str) -> bool:
    """Whether the value of a header, by its name in lower case, is a secret."""
    return name in SECRET_HEADERS or kind_of(name) is not None or kind_of(name.removeprefix("x-")) is not None


def inner_runs(form: bytes) -> frozenset[bytes]:
    """The runs that a body has, see `runs`, when it holds the form: those at its ends may be longer there."""
    return frozenset(form[1:-1].translate(_SPACED).split()[1:-1])


def holds_lines(body: bytes) -> bool:
    """Whether a JSON body holds base64 in lines, which hides a secret from a search by runs."""
    *lines, _ = body.split(b"\\n")  # a search by a pattern looks 40 letters ahead at every letter
    ends = (line.removesuffix(b"\\r")[-LINE:] for line in lines)
    return any(len(end) == LINE and not end.translate(None, _BASE64) for end in ends)


def runs(body: bytes) -> set[bytes]:
    """Every longest run of letters, digits and `+/_%-` in a body: its keys and words, and where a secret can hide."""
    return set(body.translate(_SPACED).split())


def is_one_run(text: str) -> bool:
    """Whether a text, wherever it stands in a body, lies within one of its runs."""
    return _RUN.issuperset(text)


def announces(run: str) -> bool:
    """Whether a run may be the word before a secret: a scheme, or the beginning of a private key."""
    return run.lower().endswith(ANNOUNCERS)


def is_long_token(run: str) -> bool:
    """Whether an encoded secret can hide in a run: it is long, and no plain uuid."""
    return len(run) >= LONG and (len(run) != 36 or run.count("-") != 4)


def tokens(body: bytes) -> Iterator[str]:
    """The runs of a body where an encoded secret can hide."""
    return (run for run in map(_ascii, body.translate(_SPACED).split()) if is_long_token(run))


def forms(value: str) -> set[str]:
    """The texts that say `value` by themselves: plain, escaped in URLs, JSON and HTML, base64, base32, hex."""
    encoded, safe = base64.b64encode(value.encode()).decode(), base64.urlsafe_b64encode(value.encode()).decode()
    once = quote(value, safe="")
    found = {value, once, quote(once, safe=""), quote_plus(value), quote(value), html.escape(value)}
    found |= {re.sub(r"%[0-9A-F]{2}", lambda match: match.group().lower(), text) for text in list(found)}
    escaped = json.dumps(value)[1:-1]
    found |= {
        escaped,
        escaped.replace("/", "\\/"),
        json.dumps(value, ensure_ascii=False)[1:-1],
        json.dumps(escaped)[1:-1],
    }
    for text in (encoded, safe):
        found |= {text, text.rstrip("="), quote(text, safe="")}
    numbered = [(f"\\u{ord(letter):04x}", f"&#{ord(letter)};", f"&#x{ord(letter):x};") for letter in value]
    found |= {"".join(letters) for letters in zip(*numbered, strict=True)}
    said = value.encode(errors="surrogatepass")
    for offset in range(5):
        whole = base64.b32encode(bytes(offset) + said).decode()
        inner = whole[-(-8 * offset // 5) : 8 * (offset + len(said)) // 5]
        found |= {inner, inner.lower()}
    found |= {base64.b85encode(said).decode(), base64.a85encode(said).decode()}
    found |= {value.replace('"', '""'), value.replace("'", "''"), value.replace("'", "'\\''")}  # CSV, SQL, a shell
    found.add(quopri.encodestring(said, quotetabs=True).decode().replace("=\n", ""))
    for text in (said.hex(), said.hex(":"), said.hex(" "), said.hex("-")):
        found |= {text, text.upper()}
    return found


def unpacked(body: bytes) -> bytes:
    """A body that is gzip or zlib although no header says so, undone; any other as it is."""
    if not body.startswith(PACKED):
        return body
    try:
        return zlib.decompressobj(wbits=47).decompress(body, LARGEST_UNPACKED)
    except zlib.error:
        return body


def hides(token: str, holds: Callable[[bytes], bool], depth: int = 3) -> bool:
    """Whether a run of letters, digits and `+/_%-` holds a secret in base64 (also off by some letters, as within a
    cursor), hex, percent escapes or gzip, one inside the other up to `depth` times."""
    if UUID.fullmatch(token):
        return False
    parts = [part for part in token.split("/") if LONG <= len(part) < len(token)]  # of a path
    for inner in (inner for text in (token, *parts) for inner in _decoded(text)):
        content = unpacked(inner)
        if holds(content) or (b"\0" in content and holds(content.replace(b"\0", b"").decode("latin-1").encode())):
            return True  # the second: UTF-16
        if depth > 1 and any(hides(inside, holds, depth - 1) for inside in tokens(content)):
            return True
    return False


def _ascii(run: bytes) -> str:
    return run.decode("ascii")


def _decoded(token: str) -> Iterator[bytes]:
    if "%" in token:
        yield unquote_to_bytes(token)
    if len(token) % 2 == 0 and all(letter in "0123456789abcdefABCDEF" for letter in token):
        yield bytes.fromhex(token)
    plain = token.replace("%3D", "").replace("%3d", "").replace("=", "").replace("-", "+").replace("_", "/")
    if "%" not in plain:
        for offset in range(4):
            part = plain[offset:]
            yield base64.b64decode(part[: len(part) - (len(part) % 4 == 1)] + "==", validate=False)
