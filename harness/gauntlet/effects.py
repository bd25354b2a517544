"""Scenarios about names, time and numbers: what events are called, slow senders, bursts."""

import math
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from harness.gauntlet.firing import TIMEOUT
from harness.gauntlet.model import Landing, ScenarioResult, Shot, Standing
from harness.gauntlet.payloads import family
from harness.gauntlet.scenarios import OBSERVE, PROBED, Range, judged, undecided

BURST_SECONDS = 60.0
PROMPT_SHOTS, PROMPT_SECONDS = 40, 20.0


def event_names(place: Range) -> ScenarioResult:
    """An event is named by `code`; `type` is its family. Source: section 7, trap 21."""
    title, expected = "what stored events are called", "each is known by its code, not by its family"
    shots = [item.shot for item in place.landed["valid_events"] if item.accepted and item.shot.code in PROBED]
    if place.receiver.observe is None or not shots:
        return undecided("event_names", title, expected, "what is stored cannot be seen", OBSERVE)
    for shot in shots:
        for stored in place.receiver.await_stored(shot.mark, place.patience)[:1]:
            told = set(texts(stored))
            named = any(shot.code in text for text in told)
            place.shown_as[shot.code] = shot.code if named else family(shot.code) if family(shot.code) in told else ""
    wrong = [shot for shot in shots if place.shown_as.get(shot.code) not in {None, "", shot.code}]
    nameless = sum(not place.shown_as.get(shot.code) for shot in shots)
    if nameless and not wrong:
        return undecided("event_names", title, expected, f"{nameless} stored events show no name", OBSERVE)
    seen = "; ".join(f"{shot.code} is stored as {place.shown_as[shot.code]}" for shot in wrong) or "each by its code"
    return ScenarioResult("event_names", title, Standing.FAILED if wrong else Standing.PASSED, len(shots),
                          len(shots) - len(wrong), expected, seen)  # fmt: skip


def texts(value: Any) -> Iterator[str]:
    """Every text in a JSON value."""
    if isinstance(value, dict):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)
    elif isinstance(value, str):
        yield value


def prompt(place: Range) -> ScenarioResult:
    """Acknowledged soon; the work comes later. After how long the sender gives up is UNKNOWN."""
    deadline = place.receiver.clock.monotonic() + PROMPT_SECONDS
    landings: list[Landing] = []
    while len(landings) < PROMPT_SHOTS and (not landings or place.receiver.clock.monotonic() < deadline):
        landings += place.fire("prompt", [place.aim.valid(place.pick("BILL_UPDATED"))])
    slow = sorted(item.seconds for item in landings)
    worst = slow[math.ceil(0.95 * len(slow)) - 1]
    expected = f"95 % are acknowledged within {place.prompt_seconds:g} s"
    standing = Standing.PASSED if worst <= place.prompt_seconds else Standing.FAILED
    right = sum(item.seconds <= place.prompt_seconds for item in landings)
    return ScenarioResult("prompt", f"{len(landings)} events one after the other", standing, len(landings), right,
                          expected, f"95 % within {worst:.3f} s")  # fmt: skip


def slow_sender(place: Range) -> ScenarioResult:
    """One connection that takes its time must not hold up the others."""
    code = place.pick("BILL_UPDATED")
    shot = place.aim.valid(code, name="the slow one")
    expected = f"others are acknowledged within {place.prompt_seconds:g} s while it is under way"
    with half_sent(place.receiver.url, shot) as finish:
        others = place.receiver.volley([place.aim.valid(code) for _ in range(5)], 2)
        place.receiver.clock.sleep(place.slow_seconds)
        others += place.receiver.volley([place.aim.valid(code) for _ in range(5)], 2)
        answer = finish()
    own = Landing(shot, answer, 0.0, None if answer else "the connection was closed")
    right = [item for item in others if item.accepted and item.seconds <= place.prompt_seconds]
    fine = len(right) == len(others) and (own.accepted or own.status in {None, 408})
    seen = f"{len(right)} of {len(others)} others in time; the slow one: {own.told()}"
    standing = Standing.PASSED if fine else Standing.FAILED
    return ScenarioResult("slow_sender", f"an event that takes {place.slow_seconds:g} s to arrive", standing,
                          len(others) + 1, len(right) + (1 if fine else 0), expected, seen)  # fmt: skip


def burst(place: Range) -> ScenarioResult:
    """Many at once: a sync of a large customer."""
    code = place.pick("BILL_UPDATED")
    shots = [place.aim.valid(code) for _ in range(place.burst)]
    landings = place.receiver.volley(shots, seconds=BURST_SECONDS)
    shots = shots[: len(landings)]
    place.landed["burst"] = landings
    title = f"{len(landings):,} events at once"
    if len(landings) < place.burst:
        title += f" (of {place.burst:,}: no more were taken in {BURST_SECONDS:g} s)"
    result = judged("burst", title, landings, lambda item: item.accepted, "each is acknowledged and none is lost")
    if result.standing is Standing.FAILED or place.receiver.observe is None:
        return result
    step = max(1, len(shots) // 100)
    lost = place.receiver.missing((shot.mark for shot in shots[::step]), place.patience)
    if not lost:
        return result
    seen = f"{len(lost)} of {len(shots[::step])} that were looked for are not shown after {place.patience:g} s"
    return ScenarioResult("burst", title, Standing.FAILED, len(shots), 0, result.expected, seen,
                          tuple(f"connection {mark}" for mark in lost[:3]))  # fmt: skip


@contextmanager
def half_sent(url: str, shot: Shot) -> Iterator[Callable[[], int | None]]:
    """A request whose last bytes are still missing. What is given sends them and returns the status; None when the
    receiver closed the connection."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    raw = socket.create_connection((parts.hostname or "", port), timeout=TIMEOUT)
    connection = (
        ssl.create_default_context().wrap_socket(raw, server_hostname=parts.hostname)
        if parts.scheme == "https"
        else raw
    )
    headers = [
        ("Host", parts.netloc),
        ("Content-Length", str(len(shot.content))),
        ("Connection", "close"),
        *shot.headers,
    ]
    head = f"POST {parts.path or '/'}{'?' + parts.query if parts.query else ''} HTTP/1.1\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in headers) + "\r\n"
    with connection:
        connection.sendall(head.encode() + shot.content[: len(shot.content) // 2])

        def finish() -> int | None:
            try:
                connection.sendall(shot.content[len(shot.content) // 2 :])
                line = connection.makefile("rb").readline().split()
            except OSError:
                return None
            return int(line[1]) if len(line) > 1 and line[1].isdigit() else None

        yield finish
