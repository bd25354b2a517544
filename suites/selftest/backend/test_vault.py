"""The vault and the meaning of events: pure parts of the reference backend."""

import json
import re

import pytest
import yaml
from click.testing import CliRunner

from harness.backend import BackendSettings
from harness.backend.alerts import rules
from harness.backend.assembly import Backend
from harness.backend.connections import Connections
from harness.backend.database import Database
from harness.backend.meaning import effect_of, event_of
from harness.backend.metrics import Metrics
from harness.backend.mirror import Mirror
from harness.backend.settings import from_environment
from harness.backend.vault import Vault, new_key
from harness.cli.backend import backend
from harness.core import Secret, SystemClock
from harness.errors import CredentialError, HarnessError


def test_keys_rotate_without_losing_what_was_sealed():
    """What an old key sealed opens beside a new key, is sealed anew by rotation, and then needs the new key only."""
    old, new = Secret(new_key()), Secret(new_key())
    sealed = Vault([old]).seal(Secret("a token"))
    both = Vault([new, old])
    assert both.open(sealed) == Secret("a token")
    assert Vault([new]).open(both.reseal(sealed)) == Secret("a token")
    with pytest.raises(HarnessError, match="cannot be opened"):
        Vault([new]).open(sealed)


def test_an_altered_token_does_not_open():
    """One changed character is noticed, and neither the sealed nor the clear text is in the message."""
    vault = Vault([Secret(new_key())])
    sealed = vault.seal(Secret("a token"))
    altered = sealed[:20] + ("A" if sealed[20] != "A" else "B") + sealed[21:]
    with pytest.raises(HarnessError) as told:
        vault.open(altered)
    assert altered not in str(told.value)


def test_a_bad_key_and_a_missing_variable_are_told_by_name():
    """The message names the variable and what to do, never a value."""
    with pytest.raises(CredentialError, match="GOLIVE_BACKEND_KEYS: a key is not 32 bytes"):
        Vault([Secret("short")])
    environ = {"RUTTER_BASE_URL": "http://x", "RUTTER_CLIENT_ID": "a", "RUTTER_CLIENT_SECRET": "b"}
    with pytest.raises(CredentialError, match="golive backend key"):
        from_environment(environ)


@pytest.mark.parametrize(
    ("body", "wishes", "gone"),
    [
        ({"type": "CONNECTION", "code": "INITIAL_UPDATE"}, ("connection", "everything"), ()),
        ({"type": "CONNECTION", "code": "CONNECTION_NEEDS_UPDATE"}, ("connection",), ()),
        ({"type": "JOB", "code": "JOB_COMPLETED", "job": {"id": "j"}}, (), ()),
        ({"type": "BILL", "code": "BILL_UPDATED", "bill": {"id": "b"}}, ("bills",), ()),
        ({"type": "BILL", "code": "BILL_DELETED", "bill": {"id": "b"}}, ("bills",), (("bills", "b"),)),
        ({"type": "BILL", "code": "BILL_DELETED", "bill": [{"id": "b"}, {"id": "c"}]}, ("bills",),
         (("bills", "b"), ("bills", "c"))),
        ({"type": "PLANET", "code": "PLANET_ALIGNED"}, (), ()),
    ],
)  # fmt: skip
def test_an_event_is_a_wish_to_read_again(body, wishes, gone):
    """What an event makes depends on its code and family; new kinds make nothing."""
    effect = effect_of(event_of(json.dumps(body).encode()))
    assert (effect.wishes, effect.gone) == (wishes, gone)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'{"type":"BILL"}', b'{"code":1}', b"\xff"])
def test_what_is_no_event_is_none(content):
    """Bodies that are no JSON object with a code are no events."""
    assert event_of(content) is None


def test_rotation_seals_what_is_stored_and_the_old_key_can_go(tmp_path, monkeypatch):
    """`golive backend rotate` makes a stored token open with the new key alone; it shows neither key nor token."""
    old, new, place = new_key(), new_key(), f"sqlite:///{tmp_path / 'backend.sqlite3'}"
    Connections(Database(place), Vault([Secret(old)]), SystemClock()).add("c1", "XERO", None, Secret("a token"))
    for name, value in (("RUTTER_BASE_URL", "http://x"), ("RUTTER_CLIENT_ID", "a"), ("RUTTER_CLIENT_SECRET", "b")):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("GOLIVE_BACKEND_KEYS", f"{new},{old}")
    told = CliRunner().invoke(backend, ["rotate", "--database", place])
    assert (told.exit_code, told.output.split()[0]) == (0, "1")
    assert not any(text in told.output for text in (old, new, "a token"))
    assert Connections(Database(place), Vault([Secret(new)]), SystemClock()).token("c1") == Secret("a token")


def test_a_page_that_was_read_before_a_deletion_does_not_bring_the_object_back(tmp_path):
    """What an event said is deleted stays so, although a page that still has it is stored after that."""
    database = Database(f"sqlite:///{tmp_path / 'backend.sqlite3'}")
    mirror = Mirror(database)
    page = [{"id": "v1", "last_synced_at": "2026-01-01T00:00:00Z"}, {"id": "v2"}]

    def store():
        with database.begin() as connection:
            mirror.keep(connection, "c1", "vendors", page, 1)

    store()
    mirror.bury("c1", "vendors", "v1", 1.0)
    assert [row["id"] for row in mirror.rows("c1", "vendors")] == ["v2"]
    store()
    assert [row["id"] for row in mirror.rows("c1", "vendors")] == ["v2"]
    database.close()


def test_alert_rules_name_only_metrics_that_exist(tmp_path):
    """Every metric in the shipped alert rules is one that the backend serves."""
    settings = BackendSettings("http://x", "a", Secret("b"), (Secret(new_key()),),
                               database=f"sqlite:///{tmp_path / 'backend.sqlite3'}")  # fmt: skip
    parts = Backend.of(settings, SystemClock())
    parts.connections.add("c1", "XERO", None, Secret("a token"))
    parts.connections.note("c1", synced_at=1.0)
    parts.requests.labels("429").inc()
    parts.errors.labels("NEEDS_UPDATE").inc()
    metrics = Metrics(parts)
    metrics.webhooks.labels("stored").inc()
    served = metrics.text().decode()
    parts.database.close()
    assert "golive_budget_used_ratio 0.0" in served
    assert 'golive_api_errors_total{class="NEEDS_UPDATE"} 1.0' in served
    expressions = [rule["expr"] for group in yaml.safe_load(rules())["groups"] for rule in group["rules"]]
    named = set(re.findall(r"golive_\w+", " ".join(expressions)))
    assert len(expressions) >= 8
    assert [name for name in named if f"\n{name}" not in served] == []
