"""What is said of cassettes: do they hold secrets, would they notice a change, are they still true."""

import base64
import gzip
from datetime import date

import pytest

from harness.recording import Shelf, merge
from harness.recording.audit import audit
from harness.recording.drift import Expiry, drift
from harness.recording.strength import strength

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N"
LEAKS = {
    "jwt": f'"note": "{JWT}"',
    "access_token": "GET /bills?access_token=access-sandbox-3f6b1c2e-1111-4222-8333-abcdefabcdef",
    "client_secret": '"client_secret": "hush-hush"',
    "basic": "authorization: Basic " + base64.b64encode(b"someone:something-long").decode(),
    "key": '"k": "AKIAIOSFODNN7EXAMPLE"',
    "private_key": "-----BEGIN PRIVATE KEY----- MIIE",
    "high entropy": '"blob": "q7Zt2LmX9vB4cR8sK1dW6hY3"',
    "encoded secret": '"next_cursor": "' + base64.b64encode(f"2024|{JWT}|x".encode()).decode() + '"',
    "encoded twice": base64.b64encode(base64.b64encode(b"sk_live_" + b"4eC39HqLyjWDarjtT1zdp7dc")).decode(),
    "encoded beside its name": base64.b64encode(b'{"access_token": "9b2c1f0e-7a55-4d0e-9a5e-2f1d3b8c7a61"}').decode(),
    "escaped key": '"memo": "'
    + "".join(f"\\u{ord(letter):04x}" for letter in "sk_live_4eC39HqLyjWDarjtT1zdp7dc")
    + '"',
    "percent-encoded": "uri=access_token%3D9b2c1f0e-7a55-4d0e",
    "header": "x-api-key: JfshgPzxtx6E",
    "password in a URL": '"url": "postgres://admin:hunter2pass@db.example.com/x"',
    "named as no hash": '"blob": "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"',
    "known secret, escaped": '"memo": "by s3cr3t\\\\u002dof&#45;mine, paid"',
    "known secret, encoded": base64.b64encode(b"\xff\xfe" + b"s3cr3t-of-mine, paid").decode(),
    "known secret": '"memo": "by s3cr3t-of-mine, paid"',
}


KINDS = {
    "encoded twice": "encoded secret", "encoded beside its name": "encoded secret", "escaped key": "key",
    "percent-encoded": "access_token", "header": "secret", "named as no hash": "high entropy",
}  # fmt: skip


@pytest.mark.parametrize("kind", LEAKS)
def test_the_audit_finds(kind, tmp_path):
    """Each shape of a secret is found with its line, and is not shown whole."""
    (tmp_path / "file").write_text(f"first\n{LEAKS[kind]}\n")
    (leak,) = audit([tmp_path], ["s3cr3t-of-mine"])
    assert (leak.where, leak.kind) == (f"{tmp_path / 'file'}:2", KINDS.get(kind, kind))
    assert len(leak.shown) < 30


def b64(content):
    """Base64 as text."""
    return base64.b64encode(content).decode()


@pytest.mark.parametrize(
    "said",
    [b64(b"x|s3cr3t-of-mine|2024"), 's3cr3t-" + "of-mine', b"s3cr3t-of-mine".hex(":"),
     b64(gzip.compress(b"s3cr3t-of-mine", mtime=0)),
     "S3CR3T-OF-MINE", "&#115;3cr3t-of-mine", base64.b32encode(b"s3cr3t-of-mine").decode()],
)  # fmt: skip
def test_the_audit_finds_a_known_secret_in_any_spelling(said, tmp_path):
    """A credential of the environment is found wherever it begins in an encoding, and parted, grouped or packed."""
    (tmp_path / "file").write_text(f"first\nx: {said}.\n")
    assert {leak.where for leak in audit([tmp_path], ["s3cr3t-of-mine"])} == {f"{tmp_path / 'file'}:2"}


def test_the_audit_finds_nothing_in_what_is_no_secret(tmp_path):
    """Fingerprints, made-up credentials, ids, cursors and amounts are no secrets."""
    (tmp_path / "file").write_text(
        'authorization: Basic {{client_id:0123456789}}:golive-wrong\n"access_token": "{{access_token:0123456789}}"\n'
        '"id": "9b2c1f0e-7a55-4d0e-9a5e-2f1d3b8c7a61"\n"kind": "accounts_receivable_and_payable_of_2024"\n'
        f'"next_cursor": "{base64.b64encode(b"[1751061370307, 100, 7]").decode()}"\n= 0123456789ab 0123456789abcdef\n'
        '"etag": "W/\\"2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881\\""\n'
        "location: /login?back=%2Fversioned%2Fbills%3Flimit%3D2%26cursor%3DWyI0ZjUzY2RhMThjMmIiLCAxNzUxMjgxMjAwMDAwXQ\n"
        '"hash":"9dd4e461268c8034f5c8564e155c67a6"\n'
        "commit 11f6ad8ec52a2984abaafd7c3b516503785c2072\nhttps://api.example.com:8443/a@b\n"
        f"~ {base64.b64encode(gzip.compress(b'a page of words', mtime=0)).decode()}\n"
        f"~ {base64.b64encode(b'{{binary:0123456789}}' + bytes(range(256))).decode()}\n"
    )
    assert audit([tmp_path]) == []


@pytest.fixture
def shelf(made, journal, tmp_path):
    """One cassette: a read, a write, the read again."""
    bill = {"bill": {"amount": 12.5, "issue_date": "2024-02-29", "memo": "x"}}
    items = [
        made("P:bills", "a/b/P/bills", "GET", "/bills?limit=1&sort=id&access_token=tenant-one-token", {"n": 0}),
        made("P:bills", "a/b/P/bills", "POST", "/bills?access_token=tenant-one-token", {"id": 1}, bill),
        made("P:bills", "a/b/P/bills", "GET", "/bills?limit=1&sort=id&access_token=tenant-one-token", {"n": 1}),
    ]
    told = {"contract": "v1", "recorded_on": "2026-01-01"}
    merge(journal(*items), tmp_path / "c", told, {"P:bills": ["a/b/P/bills"]})
    return Shelf(tmp_path / "c")


def test_every_change_is_missed_and_a_lax_store_is_told(shelf):
    """Each change of a request is missed, another order of keys is not; a store that answers anything is weak."""
    library = shelf.group("P:bills")
    (score,) = strength(library)
    assert (score.share, score.answered, score.lost, score.controls) == (1.0, [], [], 1)
    assert score.missed + score.late > 20

    class Lax(dict):
        def get(self, _key, _other=()):
            return next(iter(library.chapters.values())) * 99

    library.places = Lax(library.places)
    (score,) = strength(library)
    assert score.share == 0.0
    assert any("another tenant" in text for text in score.answered)


def test_drift_is_told_apart(shelf):
    """Another contract, a case that is gone, one that is new, an answer that does not fit, and age have each a name."""
    found = drift(
        shelf, {"P:bills": ["a/new/P/bills"]}, "v2", lambda item: ["n: not an integer"] * (item.asked.method == "GET"),
        [Expiry("payables", 30, True), Expiry("ledger", 90, False)], date(2026, 3, 1),
    )  # fmt: skip
    told = [(item.kind, item.fails) for item in found]
    assert sorted(told) == [
        ("expired", True), ("missing", True), ("orphaned", True), ("stale", True), ("stale", True), ("stale", True),
    ]  # fmt: skip
    assert not list(drift(shelf, {"P:bills": ["a/b/P/bills"]}, "v1", lambda _: (), [], date(2026, 3, 1)))
