"""A proxy before an emulator that repeats the credentials that it is sent, in many spellings and places."""

import base64
import gzip
import json
import zlib
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler
from itertools import count
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import httpx

from suites.selftest.run.between import ask, between, tell

PAGE = "<html><body><h1>502 Bad Gateway</h1><pre>upstream refused\n{}\n</pre></body></html>"


def spellings(secret: str) -> list[str]:
    """A secret as APIs repeat it in errors, logs and links."""
    said = secret.encode()
    return [
        secret, quote(quote(secret, safe=""), safe=""), base64.b64encode(said).decode(),
        base64.urlsafe_b64encode(b"x|" + said + b"|2024").decode().rstrip("="), said.hex(), said.hex(":").upper(),
        base64.b64encode(gzip.compress(said, mtime=0)).decode(),
        base64.b64encode(zlib.compress(said, wbits=-15)).decode(),
        json.dumps({"a": json.dumps({"token": secret})}), "".join(f"&#{ord(letter)};" for letter in secret),
        "".join(f"\\u{ord(letter):04x}" for letter in secret), base64.b32encode(said).decode(),
        base64.b85encode(said).decode(), secret[:7] + '" + "' + secret[7:], secret.upper(),
        base64.b64encode(secret.encode("utf-16")).decode(),
        f"https://user:{quote(secret, safe='')}@host.invalid/cb?access_token={quote(secret)}#t",
    ]  # fmt: skip


def echoing(base_url: str, *, broken: bool = False) -> AbstractContextManager[str]:
    """The base URL of a proxy to `base_url`. Each answer repeats what authorized its request, in a header, in a field
    of a JSON object and in the cursor; an error does so in its message. With `broken` some answers are pages of a
    gateway or redirects that say it, and some break off in the middle of it."""
    turn = count()

    def answer(handler: BaseHTTPRequestHandler, client: httpx.Client) -> None:
        asked = urlsplit(handler.path)
        pairs = [(name, cursor(value) if name == "cursor" else value)
                 for name, value in parse_qsl(asked.query, keep_blank_values=True)]  # fmt: skip
        url = asked.path + (f"?{urlencode(pairs)}" if pairs else "")
        got = ask(handler, client, url)
        secrets = [value for name, value in pairs if name == "access_token"]
        scheme, _, pair = (handler.headers.get("authorization") or "").partition(" ")
        if scheme == "Basic":
            secrets += base64.b64decode(pair).decode().split(":", 1)
        number = next(turn)
        said = [spellings(secret)[number % 17] for secret in secrets if secret]
        code, content, kind = got.status_code, got.content, got.headers.get("content-type", "text/plain")
        if broken and number % 9 == 4:
            code, content, kind = 502, PAGE.format("\n".join(said)).encode(), "text/html"
        elif broken and number % 9 == 7:
            code, content = 302, b""
        elif kind.startswith("application/json"):
            content = repeated(content, said, secrets)
        headers = [(name, value) for name, value in got.headers.items() if name.lower() != "content-type"]
        headers += [(f"X-Echo-{place}", text) for place, text in enumerate(said)]
        headers += [
            ("Location", f"/login?back={quote(url, safe='')}"),
            ("ETag", f'W/"{base64.b64encode(url.encode()).decode()}"'),
            ("Content-Type", kind),
        ]
        tell(handler, code, headers, content)

    return between(base_url, answer)


def cursor(given: str) -> str:
    """The cursor of the API in one that was given out."""
    try:
        return str(json.loads(base64.urlsafe_b64decode(given))["after"])
    except (ValueError, KeyError, TypeError):
        return given


def repeated(content: bytes, said: list[str], secrets: list[str]) -> bytes:
    """A JSON object with what authorized its request."""
    try:
        value = json.loads(content)
    except ValueError:
        return content
    if isinstance(value, dict):
        value["debug"] = {"authorized_by": said, "log": " ".join(said), **dict.fromkeys(said, 1)}
        if isinstance(value.get("next_cursor"), str):
            told = json.dumps({"after": value["next_cursor"], "for": secrets})
            value["next_cursor"] = base64.urlsafe_b64encode(told.encode()).decode()
        if isinstance(value.get("error_message"), str):
            value["error_message"] += f" (asked by {' '.join(said)})"
    return json.dumps(value).encode()
