"""Shots: bodies with headers, right or wrong on purpose."""

import base64
import gzip
import hashlib
from collections.abc import Callable

from harness.core import Secret
from harness.gauntlet.model import Shot
from harness.gauntlet.payloads import SIGNATURE, Body, Source, compact, sign, sign_hex

JSON_TYPE = ("Content-Type", "application/json")
Headers = tuple[tuple[str, str], ...]


class Aim:
    """Makes shots for one receiver's secret."""

    def __init__(self, source: Source, secret: Secret) -> None:
        self.source = source
        self.secret = secret

    def valid(self, code: str = "INITIAL_UPDATE", *, secret: Secret | None = None, name: str = "valid") -> Shot:
        """A right event as the API sends it."""
        body = self.source.body(code)
        content = compact(body)
        return self.shot(name, body, content, sign(content, secret or self.secret))

    def spelled(self, name: str, spell: Callable[[Body], bytes], code: str = "BILL_UPDATED") -> Shot:
        """A right event in another spelling of the same value, signed over its own bytes."""
        body = self.source.body(code)
        content = spell(body)
        return self.shot(name, body, content, sign(content, self.secret))

    def signed(self, name: str, signature: Callable[[bytes], str | None], code: str = "CONNECTION_DISABLED") -> Shot:
        """An event whose signature is made by `signature`; None leaves the header out."""
        body = self.source.body(code)
        content = compact(body)
        return self.shot(name, body, content, signature(content))

    def raw(self, name: str, content: bytes, headers: Headers = (JSON_TYPE,)) -> Shot:
        """Any bytes, rightly signed."""
        return Shot(name, content, (*headers, (SIGNATURE, sign(content, self.secret))), self.source.id(), "")

    def shot(
        self, name: str, body: Body, content: bytes, signature: str | None, headers: Headers = (JSON_TYPE,)
    ) -> Shot:
        """A shot of these bytes; `body` says what it is about."""
        signed = headers if signature is None else (*headers, (SIGNATURE, signature))
        return Shot(name, content, signed, str(body["connection_id"]), str(body["code"]))

    def gzipped(self) -> Shot:
        """A compressed event, signed over the compressed bytes: exactly what is sent."""
        body = self.source.body("BILL_CREATED")
        content = gzip.compress(compact(body), mtime=0)
        headers = (JSON_TYPE, ("Content-Encoding", "gzip"))
        return self.shot("gzip", body, content, sign(content, self.secret), headers)


def other_secret(source: Source) -> Secret:
    """A secret that nobody was given."""
    return Secret(source.id())


PROVED = ("CONNECTION_DISABLED", "BILL_DELETED", "JOB_COMPLETED")
"""One event of each family: some verify one family only."""


def wrong_signatures(aim: Aim) -> list[Shot]:
    """Signatures that are well formed and wrong."""
    stranger = other_secret(aim.source)
    return [
        *(aim.signed("another secret", lambda content: sign(content, stranger), code) for code in PROVED),
        aim.signed("another body", lambda content: sign(content + b" ", aim.secret)),
        aim.signed("an empty body", lambda _: sign(b"", aim.secret)),
        aim.signed("no digest", lambda _: "sha256=" + base64.b64encode(bytes(32)).decode()),
        aim.signed("the empty secret", lambda content: sign(content, Secret(""))),
        aim.signed("a hash without a key", lambda content: "sha256=" + _hash(content)),
    ]


def _hash(content: bytes) -> str:
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


def cut_signatures(aim: Aim) -> list[Shot]:
    """Right signatures that lost something on the way."""
    return [
        aim.signed("half of it", lambda content: sign(content, aim.secret)[:28]),
        aim.signed("the last four characters missing", lambda content: sign(content, aim.secret)[:-4]),
        aim.signed("the prefix alone", lambda _: "sha256="),
        aim.signed("an empty header", lambda _: ""),
        aim.signed("letters in the other case", lambda content: "sha256=" + sign(content, aim.secret)[7:].swapcase()),
    ]


def hex_signatures(aim: Aim) -> list[Shot]:
    """Right digests in the wrong encoding."""
    return [
        aim.signed("hexadecimal", lambda content: sign_hex(content, aim.secret)),
        aim.signed("hexadecimal, no prefix", lambda content: sign_hex(content, aim.secret).removeprefix("sha256=")),
    ]
