"""Redaction by class of spelling: what separates, wraps, packs or turns the letters of a secret hides nothing."""

import base64
import bz2
import gzip
import io
import json
import lzma
import quopri
import zipfile
import zlib
from datetime import UTC, datetime
from itertools import product
from urllib.parse import quote, quote_plus

import pytest

from harness.core import Exchange, Redactor, Request, Response
from harness.recording.interaction import answered, asked

SECRETS = {
    "six letters": "Tq7wZ9",
    "uuid": "3fa85f64-5717-4562-b3fc-2c963f66afa6",
    "signs of base64": "Qx7+aa/bb9+Zk3Lm//0pWw==",
    "quotes and escapes": "it's\"q\\u0t`ed<&>%42",
    "few letters": "a!B2#c$9",
    "right to left": "סוד-77-مفتاح",
    "emoji": "pa55\U0001f680word\u2603x9",
    "Latin-1": "Straße-grün-4711",
    "lines": "first9Line\nsecond8Line",
    "230 letters": "".join("abcdefghijkmnopqrstuvwxyzABCDEFGH0123456789"[place * 17 % 43] for place in range(230)),
}


def b64(content):
    """Base64 as text."""
    return base64.b64encode(content).decode()


def parted(text, size, by):
    """A text in parts of a size."""
    return by.join(text[start : start + size] for start in range(0, len(text), size))


def within(text):
    """A text within others, so that its encoding begins anywhere."""
    return [b"Q9z8"[:place] + text.encode() + b"|end of it" for place in range(4)]


def zipped(content):
    """A zip with one file."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", content)
    return file.getvalue()


CLASSES = {
    "base64 that begins anywhere, in every alphabet": lambda text: [
        *map(b64, within(text)),
        *(b64(content).replace("+", "-").replace("/", "_").rstrip("=") for content in within(text)),
        *(b64(content).replace("/", ",") for content in within(text)),
        f"cur_{b64(text.encode())}", f"v{b64(text.encode())}.sig",
    ],
    "base64 in lines of any length": lambda text: [
        parted(b64(content), size, by)
        for content, size, by in product(within(text)[:2], (5, 8, 20, 64), ("\n", "\r\n    ", "\\\n", " ", '" +\n "'))
    ],
    "base32": lambda text: [
        *(base64.b32encode(content).decode().lower() for content in within(text)),
        base64.b32hexencode(text.encode()).decode(), parted(base64.b32encode(text.encode()).decode(), 4, "-"),
    ],
    "base85": lambda text: [
        base64.b85encode(text.encode()).decode(), base64.a85encode(text.encode(), adobe=True).decode(),
        *([base64.b85encode(b"1" + text.encode()).decode()] if len(text.encode()) > 12 else []),
    ],
    "hex in groups": lambda text: [
        parted(text.encode().hex(), size, by).upper()
        for size, by in product((2, 4, 8), (":", ".", "_", ", ", "|", " ", "-"))
    ] + [", ".join(f"0x{byte:02x}" for byte in text.encode())],
    "a dump": lambda text: [
        "\n".join(f"{at:08x}  {text.encode()[at : at + 16].hex(' ')}  |{'.' * 16}|"
                  for at in range(0, len(text.encode()), 16)),
    ],
    "numbers": lambda text: [
        " ".join(map(str, text.encode())), ";".join(map(str, text.encode())),
        f"String.fromCharCode({','.join(str(ord(letter)) for letter in text)})",
        " ".join(f"{byte:08b}" for byte in text.encode()),
    ],
    "UTF-16 and UTF-32": lambda text: [
        f(text.encode(name)) for f, name in product((b64, bytes.hex), ("utf-16-le", "utf-16-be", "utf-32-le"))
    ] + ["\0".join(text)],
    "escapes without an end and of other languages": lambda text: [
        "".join(f"&#{ord(letter)}" for letter in text) + " ", "".join(f"&#x{ord(letter):07x};" for letter in text),
        "".join(f"\\{ord(letter):06x}" for letter in text), "".join(f"\\{ord(letter):x} " for letter in text),
        "".join(f"\\x{{{ord(letter):x}}}" for letter in text), " ".join(f"U+{ord(letter):04X}" for letter in text),
        "".join(f"\\{byte:o}" for byte in text.encode()), text.encode("ascii", "namereplace").decode(),
        "".join(f"+{b64(letter.encode('utf-16-be')).rstrip('=')}-" for letter in text),
    ],
    "parts of one text": lambda text: [
        text[:3] + by + text[3:]
        for by in ("'+\n'", '" . "', '" "', '" & _\r\n "', "]]><![CDATA[", "<!-- -->", "&shy;", "\u200b", "<wbr>",
                   "\n  ", " \\\n  ", "=\r\n", "</b><i>")
    ] + [" ".join(text), parted(text, 4, " "), "".join(f"<span>{letter}</span>" for letter in text)],
    "quoted-printable with a form around it": lambda text: [
        quote_plus(quopri.encodestring(text.encode(), quotetabs=True).decode()), text[:4] + "=\n" + text[4:],
        "=?utf-8?Q?" + "".join(f"={byte:02X}" for byte in text.encode()) + "?=",
        f"=?utf-8?B?{b64(text.encode()[:3])}?=\r\n =?utf-8?B?{b64(text.encode()[3:])}?=",
    ],
    "packed": lambda text: [
        f(content)
        for f, content in product((b64, bytes.hex, lambda content: base64.b32encode(content).decode()), (
            gzip.compress(text.encode(), mtime=0), zlib.compress(text.encode(), 0),
            zlib.compress(text.encode(), wbits=9),
            bz2.compress(text.encode()), lzma.compress(text.encode()), zipped(text),
            gzip.compress(gzip.compress(text.encode(), mtime=0), mtime=0),
        ))
    ] + ["".join(f"\\x{byte:02x}" for byte in gzip.compress(text.encode(), mtime=0))],
    "raw deflate": lambda text: [
        mark + b64(zlib.compress(said.encode(), wbits=-15))
        for mark, said in product(("", "x"), (text, f"<a>{text}</a>"))
    ],
    "one encoding in another": lambda text: [
        b64(quote(text, safe="").encode()), b64("".join(f"&#{ord(letter)};" for letter in text).encode()),
        b64(json.dumps({"a": text}).encode()), b64(text.encode().hex(":").encode()), text.encode().hex().encode().hex(),
        b64(b64(b64(b64(text.encode()).encode()).encode()).encode()), quote(b64(gzip.compress(text.encode(), mtime=0))),
    ],
    "capitals": lambda text: [text.upper(), text.lower()],
}  # fmt: skip


def told(redactor, wrapped):
    """All that evidence and cassette hold of an exchange that says a text in many places."""
    body = json.dumps({"rows": [{"memo": f"see {wrapped}.", "l": [wrapped]}, {wrapped: 1}]}).encode()
    form = f"a=1&memo={quote_plus(wrapped)}".encode()
    texts = []
    for request, answer in ((body, body), (form, f"<p>error: {wrapped} is not accepted</p>".encode())):
        url = f"https://api.invalid/v/bills/{quote(wrapped, safe='')}?x={quote(wrapped, safe='')}"
        headers = (("X-Trace", wrapped), ("Link", f"<https://h.invalid/n?cursor={wrapped}>; rel=next"))
        made = redactor.evidence(
            Exchange(Request("POST", url, headers, request), Response(502, headers, answer), None,
                     datetime(2025, 1, 1, tzinfo=UTC), 0.1)
        )  # fmt: skip
        texts.append(json.dumps(made.to_json(), ensure_ascii=False))
        texts.append(repr(asked(redactor, "https://api.invalid/v", "POST", url, headers, request)))
        texts.append(repr(answered(redactor, "https://api.invalid/v", 502, headers, answer)))
    return "\n".join(texts)


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("kind", CLASSES)
def test_no_spelling_of_a_secret_is_in_evidence_or_cassette(secret, kind):
    """A spelling of a secret, as it was met, is nowhere in what is kept; in whatever way it is written there."""
    for wrapped in CLASSES[kind](SECRETS[secret]):
        text = told(Redactor(b"key", [("access_token", SECRETS[secret])]), wrapped)
        escaped = json.dumps(wrapped)[1:-1]
        met = {wrapped.strip(), escaped, json.dumps(escaped)[1:-1], repr(wrapped)[1:-1],
               quote(wrapped, safe=""), quote(wrapped, safe="{}:/-_.~,"), quote_plus(wrapped)}  # fmt: skip
        assert [spelled for spelled in met if spelled in text] == [], wrapped


def test_secrets_that_overlap_or_stand_in_one_another_are_both_gone():
    """Of two secrets with letters in common none stays, wherever they meet."""
    redactor = Redactor(
        b"key", [("client_id", "alpha1beta2"), ("client_secret", "beta2gamma3"), ("secret", "alpha1beta2x9")]
    )
    for text in ("alpha1beta2gamma3", "alpha1beta2x9", b64(b"alpha1beta2gamma3"), "alpha1 beta2 gamma3"):
        safe = redactor.text(f"see {text}.")
        assert not [part for part in ("alpha1", "beta2", "gamma3", "x9") if part in safe], safe
        assert redactor.text(safe) == safe


def test_half_of_a_secret_at_the_edge_of_a_long_text_stays_replaced():
    """A text that is shown up to 2,000 letters shows no part of a secret that stands across that edge."""
    redactor, secret = Redactor(b"key", [("secret", SECRETS["230 letters"])]), SECRETS["230 letters"]
    for before in range(1_760, 2_001, 40):
        body = b"w" * before + b" " + secret.encode() + b" tail"
        made = redactor.evidence(
            Exchange(Request("GET", "https://api.invalid/a", (), b""), Response(500, (), body), None,
                     datetime(2025, 1, 1, tzinfo=UTC), 0.1)
        )  # fmt: skip
        assert secret[:8] not in (made.response_text or "")


def test_the_letters_of_a_secret_in_a_list_are_gone():
    """A list of letters or of parts of a text is read as the text."""
    secret = SECRETS["uuid"]
    body = json.dumps({"a": list(secret), "b": [secret[:9], secret[9:]], "c": ["one", "two"]}).encode()
    value, _, _ = Redactor(b"key", [("secret", secret)]).body(body)
    assert isinstance(value["a"], str)
    assert isinstance(value["b"], str)
    assert value["c"] == ["one", "two"]


def test_a_zero_byte_makes_no_utf_16():
    """A text with zero bytes between its letters hides no secret, although half of it could be UTF-16."""
    body = b"<?xml version='1.0'?><e><m>" + b"\0".join(letter.encode() for letter in SECRETS["uuid"]) + b"</m></e>"
    kept = Redactor(b"key", [("secret", SECRETS["uuid"])]).kept(body)
    assert SECRETS["uuid"].encode() not in kept.replace(b"\0", b"")


@pytest.mark.parametrize("secret", ["Tq7wZ9", "839201746655", "deadbeefcafe1234", "open sesame 99 now", "golive9"])
def test_ordinary_data_stays_readable(secret):
    """Ids, dates, amounts, links and texts of every day come back unchanged, whatever the secret is like."""
    value = {
        "id": "9b2c1f0e-7a55-4d0e-9a5e-2f1d3b8c7a61", "at": "2024-02-29T23:59:59.999Z",
        "amounts": [1234.56, 0.001, 12345678],
        "memo": "50% off, =2+3, C:\\new\\table, caf\u00e9 \"x\" & 'y' <b>z</b>\nnext line; see https://x.invalid/a?b=1&c=%20d",
        "next_cursor": b64(b"2024-01-01|9b2c1f0e-7a55-4d0e"), "kind": "accounts_receivable_and_payable",
        "etag": 'W/"5d41402abc4b2a76b9719d911017c592"', "codes": ["A1", "B2"], "picture": b64(bytes(range(200))),
        "html": "&lt;p&gt;fine&lt;/p&gt; &#163; &copy;", "ids": [str(number) for number in range(40)],
    }  # fmt: skip
    redactor = Redactor(b"key", [("access_token", secret)])
    found, _, _ = redactor.body(json.dumps(value).encode())
    assert found == value
    assert redactor.is_clean(json.dumps(value).encode())


FRAMES = {
    "zstd": lambda content: (
        b"\x28\xb5\x2f\xfd\x20" + bytes((len(content),)) + (len(content) << 3 | 1).to_bytes(3, "little")
    ),
    "brotli": lambda content: b"\x0b" + bytes((len(content) // 2,)) + b"\x80",
    "lz4": lambda content: b"\x04\x22\x4d\x18\x60\x40\x82" + (len(content) | 1 << 31).to_bytes(4, "little"),
}  # fmt: skip
"""How packed bytes begin that hold their content as it is. Source: RFC 8878, section 3.1.1; RFC 7932, section 9.2."""


@pytest.mark.parametrize("kind", FRAMES)
def test_a_packed_body_that_nobody_undoes_is_kept_as_its_fingerprint(kind):
    """An answer in an encoding that was never asked for, and that may be stored rather than packed, keeps no word."""
    secret, redactor = SECRETS["uuid"], Redactor(b"key", [("secret", SECRETS["uuid"])])
    content = json.dumps({"memo": f"for {secret}", "name": "Ada Lovelace"}).encode()
    body = FRAMES[kind](content) + content + b"\x03"
    kept = redactor.kept(body)
    assert b"Lovelace" not in kept
    assert secret.encode() not in kept
    assert b"{{binary:" in kept
    assert secret not in redactor.text(f"see {b64(body)}, {body.hex()}")
