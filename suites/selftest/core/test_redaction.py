"""Redaction: a secret is in no evidence, whatever it is wrapped in, and tenants stay apart."""

import base64
import gzip
import html
import json
import quopri
import zlib
from datetime import UTC, datetime
from urllib.parse import quote, unquote

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
    "gzip in base64": lambda text: base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode(),
    "zlib in base64": lambda text: base64.b64encode(zlib.compress(text.encode())).decode(),
    "base32": lambda text: base64.b32encode(text.encode()).decode(),
    "letters as escapes": lambda text: "".join(f"\\u{ord(letter):04x}" for letter in text),
    "numeric entities": lambda text: "".join(f"&#{ord(letter)};" for letter in text),
    "a letter of JSON as escape": lambda text: f"{text[:5]}\\u{ord(text[5]):04X}{text[6:]}",
    "an entity for a letter": lambda text: f"{text[:5]}&#X{ord(text[5]):X};{text[6:]}",
    "entities with leading zeros": lambda text: "".join(f"&#{ord(letter):05d};" for letter in text),
    "named entities twice": lambda text: html.escape(html.escape(text)),
    "every byte as percent escape": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "some bytes as percent escapes, twice": lambda text: quote(f"%{text.encode()[0]:02X}{quote(text[1:])}", safe=""),
    "bytes as a string literal": lambda text: "".join(f"\\x{byte:02x}" for byte in text.encode()),
    "hex with colons": lambda text: text.encode().hex(":"),
    "hex with spaces in capitals": lambda text: text.encode().hex(" ").upper(),
    "hex behind a prefix": lambda text: "0x7" + text.encode().hex(),
    "base32 in small letters": lambda text: base64.b32encode(text.encode()).decode().lower(),
    "base32 off by three": lambda text: base64.b32encode(b"123" + text.encode() + b"x").decode(),
    "base85": lambda text: base64.b85encode(text.encode()).decode(),
    "ascii85": lambda text: base64.a85encode(text.encode()).decode(),
    "base64 in lines": lambda text: base64.encodebytes(b"a" * 50 + text.encode() + b"b" * 70).decode(),
    "base64 in UTF-16": lambda text: base64.b64encode(f"ab{text}".encode("utf-16-le")).decode(),
    "a field of CSV": lambda text: '"' + text.replace('"', '""') + '"',
    "quoted-printable": lambda text: quopri.encodestring(text.encode(), quotetabs=True).decode(),
    "json in json in json in json": lambda text: json.dumps(json.dumps(json.dumps(json.dumps({"a": text})))),
    "code points in braces": lambda text: "".join(f"\\u{{{ord(letter):x}}}" for letter in text),
    "long escapes": lambda text: "".join(f"\\U{ord(letter):08x}" for letter in text),
    "octal escapes": lambda text: "".join(f"\\{byte:03o}" for byte in text.encode()),
    "entities of base64": lambda text: "".join(f"&#{byte};" for byte in base64.b64encode(text.encode())),
    "every byte quoted-printable": lambda text: "".join(f"={byte:02X}" for byte in text.encode()),
    "raw deflate in base64": lambda text: base64.b64encode(
        zlib.compress(f"<a>{text}</a>".encode(), wbits=-15)
    ).decode(),
    "hex between letters": lambda text: f"a{base64.b64encode(text.encode()).hex()}b",
    "gzip in base64 in a path": lambda text: (
        f"/a/b/{base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()}/c"
    ),
    "UTF-7": lambda text: text.encode("utf-7").decode(),
    "a list of bytes": lambda text: json.dumps(list(text.encode())),
    "a data URL": lambda text: f"data:text/plain;base64,{base64.b64encode(text.encode()).decode()}",
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
        assert secret not in html.unescape(html.unescape(unquote(unquote(text.encode().decode("unicode_escape")))))


BODIES = {
    "text": lambda text: f"see {text}".encode(),
    "UTF-16": lambda text: f"see {text}".encode("utf-16"),
    "UTF-16 without its mark": lambda text: f"see {text}".encode("utf-16-be"),
    "Latin-1": lambda text: f"caf\xe9 {text}".encode("latin-1"),
    "binary that begins like UTF-16": lambda text: b"\xff\xfe\x00\x01<html>" + text.encode() + b"\x80\x81",
    "binary": lambda text: b"\xff\x00\x01" + text.encode() + b"\x80",
    "gzip": lambda text: gzip.compress(text.encode(), mtime=0),
    "zlib": lambda text: zlib.compress(text.encode()),
    "zlib of the least effort": lambda text: zlib.compress(text.encode(), 1),
    "deflate without a head": lambda text: zlib.compress(text.encode(), wbits=-15),
    "a key twice": lambda text: json.dumps({text: 1})[:-1].encode() + b", " + json.dumps({text: 2})[1:].encode(),
    "JSON that is cut off": lambda text: json.dumps({"token": text, "a": 1})[:-2].encode(),
}


def test_a_file_that_the_run_made_up_is_kept_as_it_is():
    """A picture that was uploaded is in the recording of its download whole; any other bytes are not."""
    redactor = Redactor(b"key")
    picture = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
    redactor.spare(picture)
    assert redactor.kept(picture) == picture
    assert picture not in redactor.kept(picture + b"secret")


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("kind", BODIES)
def test_a_body_that_is_no_json_is_kept_without_the_secret(secret, kind):
    """Whatever kind of bytes a body is, what is kept of it holds no secret, neither does what is said about it; and
    what is kept is read as the evidence says: a replay finds the same."""
    redactor = Redactor(b"key", [("access_token", secret)])
    body = BODIES[kind](secret)
    made = evidence(redactor, url="https://api.invalid/x", body=body)
    kept = redactor.kept(body)
    told = json.dumps(made.to_json(), ensure_ascii=False) + kept.decode("utf-16", "replace")
    for text in (told, *(unpacked(kept, head).decode("utf-8", "replace") for head in (47, -15))):
        assert secret not in text.replace("\0", "")
    again = evidence(Redactor(b"key", settled=True), url="https://api.invalid/x", body=kept)
    assert (again.json_problem, again.response_text) == (made.json_problem, made.response_text)
    assert made.json_problem


def unpacked(body, head):
    """A body undone, or as it is when it is not packed."""
    try:
        return zlib.decompress(body, wbits=head)
    except zlib.error:
        return body


def test_a_gzip_body_without_its_header_is_looked_into():
    """A body that is gzip although no header says so shows its text without the secret."""
    redactor = Redactor(b"key", [("access_token", SECRETS[0])])
    made = evidence(redactor, url="https://api.invalid/x", body=gzip.compress(f"token {SECRETS[0]}".encode(), mtime=0))
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


def test_what_was_sent_stays_whole_although_somebody_is_called_so():
    """A name that golive made up may begin like one of the target's: it stays as it was sent, in queries too; and what
    a query that is made of evidence asks for is what the person is called at the target."""
    redactor = Redactor(b"key", pseudonymise=True)
    for name in ("Ada Lovelace", "Ada Lovelace of London"):
        redactor.body(json.dumps({"contact_name": name}).encode())
    redactor.sent({"contact_name": "Ada Lovelace 4711"})
    body = b'{"contact_name": "Ada Lovelace 4711"}'
    made = evidence(redactor, url="https://api.invalid/x?q=Ada+Lovelace+4711", body=body)
    assert made.response_json == {"contact_name": "Ada Lovelace 4711"}
    assert made.query == (("q", "Ada Lovelace 4711"),)
    shown = redactor.text('filter=contact_name="Ada Lovelace"')
    assert "Ada" not in shown
    assert redactor.asked(shown) == 'filter=contact_name="Ada Lovelace"'
    part = f'{shown[:-5]}"'.replace('="', '~"')
    assert redactor.asked(part) == 'filter=contact_name~"Ada Lovelace"'
    assert redactor.text(redactor.asked(part)) == part


@pytest.mark.parametrize(
    "text",
    [
        "refresh_token=%s&state=7",
        "https://x.invalid/cb?code=1&refresh_token=%s#a",
        'see {"refresh_token": "%s"}',
        'see {\\"refresh_token\\": \\"%s\\"}',
        "refresh-token: %s",
        "{'refreshToken': '%s'}",
    ],
)
def test_an_unknown_secret_is_found_beside_its_name_in_a_text(text):
    """What a text calls a secret is replaced there, in JSON and other bodies and in headers; words are not."""
    secret = "rt.9f8e7d6c5b4a"
    said = text % secret
    redactor = Redactor(b"key")
    made = evidence(redactor, url="https://api.invalid/x", header=said, body=json.dumps({"memo": said}).encode())
    plain = evidence(redactor, url="https://api.invalid/x", header="-", body=said.encode())
    for shown in (made.response_json["memo"], made.response_headers["link"], plain.response_text):
        assert secret not in shown
        assert "{{secret:" in shown
        assert redactor.text(shown) == shown
    assert (
        redactor.text("refresh_token: is required, password: missing")
        == "refresh_token: is required, password: missing"
    )


def test_headers_that_carry_secrets_are_known_by_name():
    """Cookies, keys and tokens in headers are replaced, and found again where an answer repeats them."""
    redactor = Redactor(b"key")
    headers = (("Set-Cookie", "sid=7d3e9f1a2b4c5d; Path=/"), ("X-Auth-Token", "tok-8s7d6f5g"),
               ("Api-Key", "k3y-00112233"), ("Authorization", "Bearer b34r3r-9988"))  # fmt: skip
    shown = json.dumps(redactor.headers(headers)) + redactor.text(
        "7d3e9f1a2b4c5d tok-8s7d6f5g k3y-00112233 b34r3r-9988"
    )
    assert [text for text in ("7d3e9f1a", "8s7d6f5g", "00112233", "b34r3r") if text in shown] == []


@pytest.mark.parametrize(
    "value",
    [
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAKCAQ\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nMIIEow",
        "bearer abcdefghijklmnop",
        "Basic dXNlcjpwYXNzd29yZA==",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJlLW9m",
        "access-sandbox-3f6b1c2e11114222",
        base64.b64encode(b'{"key": "AKIAZQ3DXK7L2MNP4RST"}').decode(),
    ],
)
def test_a_secret_by_its_looks_is_replaced_under_any_key(value):
    """What looks like a secret is in no value of a body, although nobody named it and its key says nothing."""
    found, is_json, _ = Redactor(b"key").body(json.dumps({"memo": f"see {value}"}).encode())
    assert is_json
    assert value.split()[-1] not in str(found)
    assert "{{" in found["memo"]


def test_a_secret_is_in_no_name_and_no_list_of_numbers():
    """Where a name of a parameter or a header, a number or a list of bytes says a secret, it is replaced; a header's
    name also when it came in lower case."""
    token = "Tok-9b2c1f0e7a55-4D0E"
    redactor = Redactor(b"key", [("access_token", token), ("secret", "123456789012")])
    body = json.dumps({"data": list(token.encode()), "memo": 123456789012, "rows": [1, 2, 3, 4, 5, 6]}).encode()
    made = redactor.evidence(
        Exchange(
            Request("GET", f"https://api.invalid/a?{token}=1", ((f"X-{token}", "1"),), b""),
            Response(200, ((f"x-{token.lower()}", "1"), ("content-type", "application/json")), body),
            None, datetime(2025, 1, 1, tzinfo=UTC), 0.1,
        )
    )  # fmt: skip
    text = json.dumps(made.to_json())
    assert token.lower() not in text.lower()
    assert "123456789012" not in text
    assert made.response_json["rows"] == [1, 2, 3, 4, 5, 6]
    assert isinstance(made.response_json["data"], str)
    assert made.response_headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "key",
    ["shpat_0123456789abcdef0123456789abcdef", "sk_test_51H8abcDEFghiJKL", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
     "gho_16C7e42F292c6912E7710c838347Ae178B4a", "glpat-abcdefghij0123456789", "ya29.a0AfH6SMBx0123456789abcdef"],
)  # fmt: skip
def test_keys_of_other_services_are_known_by_their_looks(key):
    """A key of a shop, payment provider or code host that an answer shows is replaced, wherever it stands."""
    made = evidence(Redactor(b"key"), url="https://api.invalid/a", body=json.dumps({"memo": f"see {key}, ok"}).encode())
    assert key not in json.dumps(made.to_json())


def test_secrets_in_a_list_under_their_name_are_replaced():
    """Each text in a list under a key that names secrets is one, and found elsewhere too."""
    body = json.dumps({"access_tokens": ["first-0123456789", "second-0123456789"], "memo": "as first-0123456789"})
    made = evidence(Redactor(b"key"), url="https://api.invalid/a", body=body.encode())
    assert "0123456789" not in json.dumps(made.to_json())


@pytest.mark.parametrize(
    "key",
    ["address1", "address3", "postal_code", "routing_number", "tax_number", "bank_account_number", "contact_name"],
)
def test_personal_data_of_the_contract_is_pseudonymised(key):
    """What says who or where a person is has one pseudonym, under its key and inside other texts."""
    value = "Ada-4711-0815"
    redactor = Redactor(b"key", pseudonymise=True)
    body = json.dumps({"rows": [{key: value}, {"memo": f"for {value}", "id": "1"}]})
    made = redactor.evidence(
        Exchange(Request("GET", "https://api.invalid/a", (), b""), Response(200, (), body.encode()), None,
                 datetime(2025, 1, 1, tzinfo=UTC), 0.1)
    )  # fmt: skip
    one, two = made.response_json["rows"]
    assert value not in json.dumps(made.to_json())
    assert two["memo"] == f"for {one[key]}"
