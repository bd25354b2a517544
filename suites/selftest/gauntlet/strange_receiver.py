"""A receiver with one fault, by name: `python strange_receiver.py PORT FAULT`. None of them is one of the examples."""

import base64
import hashlib
import hmac
import json
import os
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "backend" / "receivers"))
import serving
from serving import event_of, matches, serve, signature

serving.LARGEST = 16 * 1024 * 1024

LOCK = threading.Lock()
FEW = threading.BoundedSemaphore(6)
SLOW = 0.06
SEEN = {}


def refuses(check):
    """A receiver that keeps what `check(sent, content, secrets)` lets through."""

    def handle(content, sent, secrets, store):
        if not check(sent, content, secrets):
            return 401
        event = event_of(content)
        if event is None:
            return 400
        store.keep(content, event)
        return 200

    return handle


def keeps(change):
    """A receiver that verifies rightly and then does `change(content, event, store)`: the status, None for 200."""

    def handle(content, sent, secrets, store):
        if not matches(sent, content, secrets):
            return 401
        event = event_of(content)
        if event is None:
            return 400
        return change(content, event, store) or 200

    return handle


def rewritten(**how):
    """Verifies a body that was parsed and dumped."""

    def check(sent, content, secrets):
        try:
            return matches(sent, json.dumps(json.loads(content), **how).encode(), secrets)
        except ValueError:
            return False

    return refuses(check)


def under(key):
    """Takes events with the same `key(body, kind)` for the same one."""
    return keeps(lambda content, event, store: store.keep(json.dumps(key(*_parts(content))).encode(), event))


def _parts(content):
    body = json.loads(content)
    return body, str(body.get("type")).lower()


def _object_id(body, kind):
    found = body.get(kind)
    return found.get("id") if isinstance(found, dict) else None


def _racy(content, event, store):
    digest = hashlib.sha256(content).hexdigest()
    known = digest in SEEN
    time.sleep(0.02)
    if not known:
        SEEN[digest] = True
        store.keep(content + os.urandom(8), event)


def _latest(content, event, store):
    """Keeps the edit of an object that came last."""
    body, kind = _parts(content)
    id = _object_id(body, kind)
    with LOCK:
        if id is None:
            store.keep(content, event)
        else:
            SEEN[id] = {**event, "object": body[kind]}
            rows = [row for row in SEEN.values() if row["connection_id"] == event["connection_id"]]
            store.by_mark[event["connection_id"]] = rows


def _conflict(content, event, store):
    with LOCK:
        known = content in SEEN
        SEEN[content] = True
    store.keep(content, event)
    return 409 if known else 200


def _stores_first(content, sent, secrets, store):
    event = event_of(content)
    if event is not None:
        store.keep(content, event)
    return (200 if event else 400) if matches(sent, content, secrets) else 401


def _says_yes(content, sent, secrets, store):
    event = event_of(content)
    if event is not None and matches(sent, content, secrets):
        store.keep(content, event)
    return 200


def _sleeps(_content, _sent, _secrets, _store):
    time.sleep(60)
    return 200


def _exits(content, sent, secrets, store):
    if b"PLANET" in content:
        os._exit(1)
    return refuses(matches)(content, sent, secrets, store)


def _family(content):
    try:
        return json.loads(content).get("type")
    except (ValueError, AttributeError):
        return None


def _bare(content, secret):
    return "sha256=" + base64.b64encode(hmac.new(secret, content, hashlib.sha256).digest()).decode()


def _without_queue(content, event, store):
    """Refuses what comes while it works on some others."""
    if not FEW.acquire(blocking=False):
        return 503
    try:
        time.sleep(0.03)
        store.keep(content, event)
    finally:
        FEW.release()
    return 200


def _crashes(content, sent, secrets, store):
    """Takes the header for given."""
    return refuses(matches)(content, sent, secrets, store) if sent is not None else 500


def _carelessly(content, sent, secrets, store):
    """Takes it for granted that a body is an event."""
    if not matches(sent, content, secrets):
        return 401
    event = event_of(content)
    if event is None or not isinstance(json.loads(content).get("type"), str):
        return 500
    store.keep(content, event)
    return 200


def _hexadecimal(sent, content, secrets):
    digests = [hmac.new(secret.encode(), content, hashlib.sha256).hexdigest() for secret in secrets]
    return matches(sent, content, secrets) or (sent or "").removeprefix("sha256=") in digests


def _elsewhere(content, sent, secrets, _store):
    return 301 if matches(sent, content, secrets) else 401


def _slowly(content, event, store):
    time.sleep(SLOW)
    store.keep(content, event)


def _later(content, event, store):
    threading.Thread(target=lambda: (time.sleep(0.05), store.keep(content, event)), daemon=True).start()


FAULTS = {
    "compares_loosely": refuses(lambda sent, content, secrets: bool(sent) and any(
        signature(content, secret).startswith(sent[:20]) and sent.startswith("sha256=") for secret in secrets)),
    "ignores_case": refuses(lambda sent, content, secrets: any(
        signature(content, secret).lower() == (sent or "").lower() for secret in secrets)),
    "trims_body": refuses(lambda sent, content, secrets: matches(sent, content.strip(), secrets)),
    "hashes_text": refuses(lambda sent, content, secrets: matches(sent, content.decode("latin-1").encode(), secrets)),
    "hashes_reserialised": rewritten(),
    "hashes_reserialised:sorted": rewritten(sort_keys=True, separators=(",", ":")),
    "optional_signature": refuses(lambda sent, content, secrets: not sent or matches(sent, content, secrets)),
    "some_wrong_accepted": refuses(lambda sent, content, secrets: matches(sent, content, [*secrets, ""])),
    "verifies_some_events": refuses(lambda sent, content, secrets: (
        _family(content) not in {None, "CONNECTION"} or matches(sent, content, secrets))),
    "acknowledges_refused": _says_yes,
    "stores_unverified": _stores_first,
    "refuses_new_events": keeps(lambda content, event, store: (
        500 if "ALIGNED" in event["event"] or "DREAM" in event["event"] else store.keep(content, event))),
    "ignores_events": keeps(lambda content, event, store: (
        store.keep(content, event) if event["event"] == "INITIAL_UPDATE" else None)),
    "merges_events": under(lambda body, kind: [body.get("connection_id"), kind]),
    "merges_events:object": under(lambda body, kind: [body["code"], body.get("connection_id"), _object_id(body, kind)]),
    "applies_older": keeps(_latest),
    "not_idempotent": keeps(_racy),
    "refuses_repeats": keeps(_conflict),
    "answers_too_late": _sleeps,
    "dies": _exits,
    "breaks_on_forged": _crashes,
    "breaks_on_strange_bodies": _carelessly,
    "breaks_on_huge_bodies": keeps(lambda content, event, store: (
        500 if len(content) > 1024 * 1024 else store.keep(content, event))),
    "drops_bursts": keeps(_without_queue),
    "acknowledges_slowly": keeps(_slowly),
    "acknowledges_early": keeps(_later),
    "loses_events": keeps(lambda _content, _event, _store: None),
    "no_rotation": refuses(lambda sent, content, secrets: matches(sent, content, secrets[:1])),
    "presence_only": refuses(lambda sent, _content, _secrets: (sent or "").startswith("sha256=")),
    "reads_hexadecimal": refuses(_hexadecimal),
    "refuses_some_events": keeps(lambda content, event, store: (
        400 if event["event"] == "JOB_COMPLETED" else store.keep(content, event))),
    "wrong_address": _elsewhere,
}  # fmt: skip

if __name__ == "__main__":
    serve(FAULTS[sys.argv[2]])
