"""Redaction: a secret is in no evidence, whatever it is wrapped in, and tenants stay apart."""

import base64
import gzip
import json
import zlib
from datetime import UTC, datetime
from urllib.parse import quote

import pytest

from harness.core import Evidence, Exchange, Redactor, Request, Response

SECRETS = (
    "access-sandbox-3f6b1c2e-1111-4222-8333-abcdefabcdef",
    's3cr3t+/="ü x&y',
    "0123456789abcdef0123456789abcdef",
    "9b2c1f0e-7a55-4d0e-9a5e-2f1d3b8c7a60",
)
WRAPPINGS = {
    "plain": lambda text: text,
    "url": lambda text: quote(text, safe=""),
    "url twice": lambda text: quote(quote(text, safe=""), safe=""),
    "url in lower case": lambda text: quote(text, safe="").lower(),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64url without padding": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "base64 off by one": lambda text: base64.b64encode(b"1" + text.encode()).decode(),
    "base64 off by two": lambda text: base64.b64encode(b"12" + text.encode() + b"tail").decode(),
    "cursor": lambda text: base64.b64encode(f"2024-01-01T00:00:00Z|{text}|id".encode()).decode(),
    "cursor of JSON": lambda text: base64.urlsafe_b64encode(json.dumps({"a": 1, "t": text}).encode()).decode(),
    "prefixed cursor": lambda text: "cur_" + base64.urlsafe_b64encode(f"x{text}".encode()).decode(),
    "base64 twice": lambda text: base64.b64encode(base64.b64encode(f"zz{text}".encode())).decode(),
    "hex": lambda text: text.encode().hex(),
    "gzip in base64": lambda text: base64.b64encode(gzip.compress(text.encode())).decode(),
    "zlib in base64": lambda text: base64.b64encode(zlib.compress(text.encode())).decode(),
    "base32": lambda text: base64.b32encode(text.encode()).decode(),
    "letters as escapes": lambda text: "".join(f"\\u{ord(letter):04x}" for letter in text),
    "numeric entities": lambda text: "".join(f"&#{ord(letter)};" for letter in text),
    "basic pair": lambda text: "Basic " + base64.b64encode(f"user:{text}".encode()).decode(),
    "next link": lambda text: "https://x.invalid/y?cursor=" + quote(base64.b64encode(f"2024|{text}".encode())) + "&a=1",
    "json in json": lambda text: json.dumps({"a": {"b": json.dumps({"t": text})}}),
}


def evidence(redactor: Redactor, *, url: str, header: str = "-", body: bytes, status: int = 200) -> Evidence:
    """The evidence of one exchange whose request and response say the same."""
    return redactor.evidence(
        Exchange(
            Request("POST", url, (("x-thing", header),), body),
            Response(status, (("link", header),), body),
            None,
            datetime(2025, 1, 1, tzinfo=UTC),
            0.1,
        )
    )


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_a_wrapped_secret_is_in_no_evidence(secret, wrapping):
    """A known secret is gone from URL, headers and bodies in every encoding, at any depth."""
    redactor = Redactor(b"key", [("access_token", secret)])
    wrapped = WRAPPINGS[wrapping](secret)
    body = json.dumps({"rows": [{"deep": [{"text": f"see {wrapped}"}]}]}, ensure_ascii=False).encode()
    url = f"https://api.invalid/versioned/bills?cursor={quote(wrapped, safe='')}&access_token={quote(secret, safe='')}"
    made = evidence(redactor, url=url, header=wrapped, body=body)
    texts = [made.response_json["rows"][0]["deep"][0]["text"], *(value for _, value in made.query)]
    texts += [made.request_headers["x-thing"], made.response_headers["link"], json.dumps(made.request_json)]
    for text in texts:
        assert wrapped not in text
        assert not [name for name, wrap in WRAPPINGS.items() if wrap(secret) in text]


def test_a_gzip_body_without_its_header_is_looked_into():
    """A body that is gzip although no header says so shows its text without the secret."""
    redactor = Redactor(b"key", [("access_token", SECRETS[0])])
    made = evidence(redactor, url="https://api.invalid/x", body=gzip.compress(f"token {SECRETS[0]}".encode()))
    assert made.response_text is not None
    assert made.response_text.startswith("token {{access_token:")


def test_two_tenants_stay_apart_and_one_stays_itself():
    """Two secrets have two fingerprints; one secret has the same in every redactor with the key, and no other."""
    one, two = Redactor(b"key"), Redactor(b"key")
    assert one.learn("access_token", SECRETS[0]) != one.learn("access_token", SECRETS[3])
    assert one.learn("access_token", SECRETS[0]) == two.learn("access_token", SECRETS[0])
    assert one.learn("access_token", SECRETS[0]) != Redactor(b"other").learn("access_token", SECRETS[0])


def test_an_unknown_secret_is_found_by_its_looks_and_by_its_key():
    """A JWT under any key, and any value under a key that names a secret, are replaced without being known before."""
    jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N"
    body = json.dumps({"note": f"use {jwt}", "deep": {"clientSecret": "hush-hush-hush", "refresh_token": "again"}})
    made = evidence(Redactor(b"key"), url="https://api.invalid/x", body=body.encode())
    assert jwt not in json.dumps(made.to_json())
    assert "hush-hush" not in json.dumps(made.to_json())
    assert "again" not in json.dumps(made.response_json)


def test_what_holds_no_secret_is_left_as_it_is():
    """Ids, dates, cursors without a secret and long words come back unchanged."""
    value = {
        "id": "9b2c1f0e-7a55-4d0e-9a5e-2f1d3b8c7a61",
        "next_cursor": base64.b64encode(b"2024-01-01|9b2c1f0e-7a55-4d0e").decode(),
        "kind": "accounts_receivable_and_payable",
        "url": "https://x.invalid/accounting/bills/9b2c1f0e-7a55-4d0e-9a5e-2f1d3b8c7a61?cursor=abc",
    }
    redactor = Redactor(b"key", [("access_token", secret) for secret in SECRETS])
    assert evidence(redactor, url="https://api.invalid/x", body=json.dumps(value).encode()).response_json == value


def test_a_basic_pair_keeps_its_parts_apart():
    """The Authorization header shows the fingerprints of user and password, and a made-up pair in clear."""
    redactor = Redactor(b"key", [("client_id", "someone"), ("client_secret", "something")])

    def shown(user: str, password: str) -> str:
        return redactor.authorization("Basic " + base64.b64encode(f"{user}:{password}".encode()).decode())

    assert shown("someone", "something") == (
        f"Basic {redactor.learn('client_id', 'someone')}:{redactor.learn('client_secret', 'something')}"
    )
    assert shown("someone", "golive-wrong") == f"Basic {redactor.learn('client_id', 'someone')}:golive-wrong"


def test_pseudonyms_are_consistent_and_spare_what_was_sent():
    """The same person is the same pseudonym everywhere; what golive itself sent stays as it was sent."""
    redactor = Redactor(b"key", pseudonymise=True)
    body = {"rows": [{"email": "ann@corp.example", "note": "ask ann@corp.example"}, {"email": "ann@corp.example"}]}
    made = evidence(redactor, url="https://api.invalid/x", body=b"")
    first = redactor.body(json.dumps(body).encode())[0]["rows"]
    assert "ann@" not in json.dumps(first)
    assert first[0]["email"] == first[1]["email"]
    assert first[0]["email"] in first[0]["note"]
    made = evidence(redactor, url="https://api.invalid/x", body=b'{"email": "golive@example.com"}')
    assert made.response_json == {"email": "golive@example.com"}


@pytest.mark.parametrize(
    "value",
    [
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAKCAQ\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nMIIEow",
        "bearer abcdefghijklmnop",
        "Basic dXNlcjpwYXNzd29yZA==",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJlLW9m",
        "access-sandbox-3f6b1c2e11114222",
    ],
)
def test_a_secret_by_its_looks_is_replaced_under_any_key(value):
    """What looks like a secret is in no value of a body, although nobody named it and its key says nothing."""
    found, is_json, _ = Redactor(b"key").body(json.dumps({"memo": f"see {value}"}).encode())
    assert is_json
    assert value.split()[-1] not in str(found)
    assert "{{" in found["memo"]
