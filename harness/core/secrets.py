"""What a secret is, where it stands, and how it looks."""

import hmac
import re
from functools import lru_cache

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

STARTS = (
    *("eyJ", "access-", "AKIA", "ASIA", "k_live_", "k_test_", "whsec_", "gho_", "ghp_", "ghr_", "ghs_", "ghu_"),
    *("github_pat_", "glpat-", "npm_", "xox", "shpat_", "shpca_", "shppa_", "shpss_", "AIza", "sq0", "EAAA"),
)
"""How the tokens of `SHAPES` begin."""
MARKS = (*STARTS, "ya29.", "earer ", "asic ", "-----BEGIN")
"""Of these each text that one of `SHAPES` finds holds one."""

MARKED = Needles(mark.encode() for mark in MARKS)
STARTED = Needles(start.encode() for start in STARTS)


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


def announces(run: str) -> bool:
    """Whether a run may be the word before a secret: a scheme, or the beginning of a private key."""
    return run.lower().endswith(ANNOUNCERS)
