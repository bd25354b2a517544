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

from harness.core.needles import Needles

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

ANNOUNCERS = ("basic", "bearer", "private", "ya29")
"""The last letters of the run before the space before a secret of `SHAPES`."""

SECRET_HEADERS = {"authorization", "proxy-authorization", "cookie", "set-cookie"}

KEYS = (
    r"\b(?:(?:AKIA|ASIA)[0-9A-Z]{16}|[srp]k_(?:live|test)_[0-9a-zA-Z]{12,}|whsec_[0-9A-Za-z+/]{16,}|gh[oprsu]_\w{20,}"
    r"|github_pat_\w{20,}|glpat-[\w-]{16,}|npm_\w{30,}|xox[abeprs]-[0-9A-Za-z-]{12,}|shp(?:at|ca|pa|ss)_[0-9a-f]{24,}"
    r"|AIza[\w-]{30,}|ya29\.[\w-]{20,}|sq0[a-z]{3}-[\w-]{20,}|EAAA[\w-]{50,})"
)
"""Keys of clouds, payment providers, shops and code hosts."""

SHAPES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("jwt", re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*")),
    ("access_token", re.compile(r"\baccess-(?:sandbox|production)-[0-9a-zA-Z-]{16,}")),
    ("bearer", re.compile(r"(?<=[Bb]earer )[A-Za-z0-9._~+/-]{12,}=*")),
    ("basic", re.compile(r"(?<=[Bb]asic )[A-Za-z0-9+/_-]{12,}={0,2}")),
    ("key", re.compile(KEYS)),
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
LONG_INSIDE = 12
"""Letters of a token within an encoded one: what is encoded twice is longer outside."""

HEX = re.compile(r"[0-9a-fA-F]{12,}")
STARTS = (
    *("eyJ", "access-", "AKIA", "ASIA", "k_live_", "k_test_", "whsec_", "gho_", "ghp_", "ghr_", "ghs_", "ghu_"),
    *("github_pat_", "glpat-", "npm_", "xox", "shpat_", "shpca_", "shppa_", "shpss_", "AIza", "sq0", "EAAA"),
)
"""How the tokens of `SHAPES` begin."""
MARKS = (*STARTS, "ya29.", "earer ", "asic ", "-----BEGIN")
"""Of these each text that one of `SHAPES` finds holds one."""

MARKED = Needles(mark.encode() for mark in MARKS)
STARTED = Needles(start.encode() for start in STARTS)

_RUN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_%-")
_SPACED = bytes(byte if chr(byte) in _RUN else 32 for byte in range(256))
UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
PACKED = (b"\x1f\x8b", b"x\x01", b"x\x5e", b"x\x9c", b"x\xda")
"""How gzip and zlib begin. Source: RFC 1952, RFC 1950."""

PACKED_IN_BASE64 = re.compile("/(?=H4sI|eA|eF|eJ|eN)")
INFLATED = (3, 5)
"""The first three bits of a raw deflate stream of one block. Source: RFC 1951, section 3.2.3."""

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
    name = key.replace("_", "").replace("-", "").lower()
    return SECRET_KEYS.get(name) or SECRET_KEYS.get(name.removesuffix("s"))


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


def is_long_token(run: bytes, least: int = LONG) -> bool:
    """Whether an encoded secret can hide in a run: it is long, and no plain uuid."""
    return len(run) >= least and (len(run) != 36 or run.count(b"-") != 4)


def tokens(body: bytes, least: int = LONG) -> Iterator[str]:
    """The runs of a body where an encoded secret can hide."""
    return (run.decode("ascii") for run in body.translate(_SPACED).split() if is_long_token(run, least))


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
    found |= {base64.b85encode(said).decode(), base64.a85encode(said).decode(), _utf7(value)}
    found |= {base64.b64encode(text.encode()).decode().rstrip("=") for text in (encoded, safe, said.hex())}
    for numbers in (said, [ord(letter) for letter in value]):  # as some languages show bytes and letters
        found |= {", ".join(map(str, numbers)), ",".join(map(str, numbers))}
    found |= {value.replace('"', '""'), value.replace("'", "''"), value.replace("'", "'\\''")}  # CSV, SQL, a shell
    found.add(quopri.encodestring(said, quotetabs=True).decode().replace("=\n", ""))
    for text in (said.hex(), said.hex(":"), said.hex(" "), said.hex("-")):
        found |= {text, text.upper()}
    return found


def _utf7(value: str) -> str:
    try:
        return value.encode("utf-7").decode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return value


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
    for inner in (inner for text in (token, *_parts(token)) for inner in _decoded(text)):
        content = unpacked(inner)
        if holds(content) or (b"\0" in content and holds(content.replace(b"\0", b"").decode("latin-1").encode())):
            return True  # the second: UTF-16
        if depth > 1 and any(hides(inside, holds, depth - 1) for inside in tokens(content, LONG_INSIDE)):
            return True
    return False


def _parts(token: str) -> list[str]:
    """The parts of a path, and what follows a slash and begins like packed bytes: base64 holds slashes too."""
    if "/" not in token:
        return []
    found = {*token.split("/"), *(token[match.start() + 1 :] for match in PACKED_IN_BASE64.finditer(token))}
    return [part for part in found if LONG <= len(part) < len(token)]


def _decoded(token: str) -> Iterator[bytes]:
    if "%" in token:
        yield unquote_to_bytes(token)
    for digits in HEX.findall(token):  # letters beside it may be hex digits as well
        yield bytes.fromhex(digits[: len(digits) // 2 * 2])
        yield bytes.fromhex(digits[1 : 1 + (len(digits) - 1) // 2 * 2])
    plain = token.replace("%3D", "").replace("%3d", "").replace("=", "").replace("-", "+").replace("_", "/")
    if "%" not in plain:
        for offset in range(4):
            part = plain[offset:]
            content = base64.b64decode(part[: len(part) - (len(part) % 4 == 1)] + "==", validate=False)
            yield content
            if offset == 0 and content and content[0] & 7 in INFLATED:
                yield from _inflated(content)


def _inflated(content: bytes) -> Iterator[bytes]:
    """What a whole raw deflate stream says, which nothing marks as one. Source: RFC 1951; SAML sends such."""
    stream = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
    try:
        said = stream.decompress(content, LARGEST_UNPACKED)
    except zlib.error:
        return
    if stream.eof and said:
        yield said
