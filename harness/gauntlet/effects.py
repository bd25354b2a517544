"""Scenarios about time and about what is left behind: duplicates, replay, bursts, slow senders, durable storage."""

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
from harness.gauntlet.scenarios import OBSERVE, PROBED, Range, culprit, judged, undecided

EARLY_LOOKS = 25
"""Events that are looked for at once after their acknowledgement."""


def duplicates(place: Range) -> ScenarioResult:
    """The same payload may arrive more than once. Source: [D:implementation-guides/webhooks]."""
    shot = place.aim.valid("BILL_CREATED", name="the same event")
    landings = [*place.fire("duplicates", [shot]), *place.receiver.volley([shot] * 4)]
    place.landed["duplicates"] = landings
    return _once(place, "duplicates", "one event five times, four of them at once", shot, landings)


def replay(place: Range) -> ScenarioResult:
    """There is no replay guard in the signature: an old event may come again at any time. Source: section 7."""
    shot = place.first or place.aim.valid()
    return _once(place, "replay", "the first event again at the end", shot, place.fire("replay", [shot]))


def retry(place: Range) -> ScenarioResult:
    """A sender that saw no answer sends the same bytes again. Source: six attempts in about 15 minutes."""
    shot = place.aim.valid("INVOICE_CREATED", name="the second attempt")
    with _half_sent(place.receiver.url, shot) as finish:
        finish()
    return _once(place, "retry", "an event whose answer got lost, then its second attempt", shot,
                 place.fire("retry", [shot]))  # fmt: skip


def _once(place: Range, id: str, title: str, shot: Shot, landings: list[Landing]) -> ScenarioResult:
    expected = "each is acknowledged, and there is one effect"
    result = judged(id, title, landings, lambda item: item.accepted, expected)
    if result.standing is Standing.FAILED or place.receiver.observe is None:
        if result.standing is Standing.PASSED:
            return undecided(id, title, expected, "each was acknowledged; the effects cannot be seen", OBSERVE)
        return result
    found = place.receiver.await_stored(shot.mark, place.patience)
    if len(found) == 1:
        return result
    seen = f"{len(found)} effects are shown for {shot.code} of connection {shot.mark}"
    return ScenarioResult(id, title, Standing.FAILED, len(landings), 0, expected, seen, (culprit(landings[0]),))


def event_names(place: Range) -> ScenarioResult:
    """An event is named by `code`; `type` is its family. Source: section 7, trap 21."""
    title, expected = "what stored events are called", "each is known by its code, not by its family"
    shots = [item.shot for item in place.landed["valid_events"] if item.accepted and item.shot.code in PROBED]
    if place.receiver.observe is None or not shots:
        return undecided("event_names", title, expected, "what is stored cannot be seen", OBSERVE)
    for shot in shots:
        for stored in place.receiver.await_stored(shot.mark, place.patience)[:1]:
            texts = set(_texts(stored))
            named = next((text for text in texts if shot.code in text), None)
            place.shown_as[shot.code] = shot.code if named else family(shot.code) if family(shot.code) in texts else ""
    wrong = [shot for shot in shots if place.shown_as.get(shot.code) not in {None, "", shot.code}]
    nameless = sum(not place.shown_as.get(shot.code) for shot in shots)
    if nameless and not wrong:
        return undecided("event_names", title, expected, f"{nameless} stored events show no name", OBSERVE)
    seen = "; ".join(f"{shot.code} is stored as {place.shown_as[shot.code]}" for shot in wrong) or "each by its code"
    return ScenarioResult("event_names", title, Standing.FAILED if wrong else Standing.PASSED, len(shots),
                          len(shots) - len(wrong), expected, seen)  # fmt: skip


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, str):
        yield value


def reordering(place: Range) -> ScenarioResult:
    """No order is promised. Source: section 7, Delivery."""
    shots = [place.aim.valid(code, name=code) for code in ("BILL_DELETED", "BILL_UPDATED", "BILL_CREATED")]
    return judged("reordering", "an object's end before its beginning", place.fire("reordering", shots),
                  lambda item: item.accepted, "each is acknowledged")  # fmt: skip


def prompt(place: Range) -> ScenarioResult:
    """Acknowledged at once; the work comes later."""
    landings = place.fire("prompt", [place.aim.valid("BILL_UPDATED") for _ in range(40)])
    slow = sorted(item.seconds for item in landings)
    worst = slow[math.ceil(0.95 * len(slow)) - 1]
    expected = f"95 % are acknowledged within {place.prompt_seconds:g} s"
    standing = Standing.PASSED if worst <= place.prompt_seconds else Standing.FAILED
    right = sum(item.seconds <= place.prompt_seconds for item in landings)
    return ScenarioResult("prompt", "40 events one after the other", standing, len(landings), right, expected,
                          f"95 % within {worst:.3f} s")  # fmt: skip


def slow_sender(place: Range) -> ScenarioResult:
    """One connection that takes its time must not hold up the others."""
    shot = place.aim.valid("BILL_UPDATED", name="the slow one")
    expected = f"others are acknowledged within {place.prompt_seconds:g} s while it is under way"
    with _half_sent(place.receiver.url, shot) as finish:
        others = place.fire("slow_sender", [place.aim.valid("BILL_CREATED") for _ in range(5)])
        place.receiver.clock.sleep(place.slow_seconds)
        others += place.fire("slow_sender", [place.aim.valid("BILL_CREATED") for _ in range(5)])
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
    shots = [place.aim.valid("BILL_UPDATED") for _ in range(place.burst)]
    landings = place.receiver.volley(shots)
    place.landed["burst"] = landings
    title = f"{place.burst:,} events at once"
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


def durable(place: Range) -> ScenarioResult:
    """An acknowledgement says that the event is kept. One that is given before the event is stored loses it when the
    process ends in between."""
    title = f"{EARLY_LOOKS} events looked for at once after their acknowledgement"
    expected = "each is stored before it is acknowledged"
    if place.receiver.observe is None:
        return undecided("durable", title, expected, "what is stored cannot be seen", OBSERVE)
    late: list[Landing] = []
    lost: list[Landing] = []
    early = 0
    for number in range(EARLY_LOOKS):
        landing = place.fire("durable", [place.aim.valid("BILL_CREATED", name=f"event {number + 1}")])[0]
        if not landing.accepted:
            continue
        early += 1
        if not place.receiver.stored(landing.shot.mark):
            shown = place.receiver.await_stored(landing.shot.mark, place.patience if not late else 1.0)
            (late if shown else lost).append(landing)
    if not early:
        return undecided("durable", title, expected, "no event was acknowledged", "Mend the scenarios above first")
    right = early - len(late) - len(lost)
    seen = f"{right} of {early} were there at once, {len(late)} came later, {len(lost)} never"
    standing = Standing.FAILED if late or lost else Standing.PASSED
    place.landed["late"], place.landed["lost"] = late, lost
    return ScenarioResult("durable", title, standing, early, right, expected, seen,
                          tuple(culprit(item) for item in (late + lost)[:3]))  # fmt: skip


@contextmanager
def _half_sent(url: str, shot: Shot) -> Iterator[Callable[[], int | None]]:
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


WITH_EFFECTS: tuple[Callable[[Range], ScenarioResult], ...] = (
    event_names, prompt, slow_sender, durable, duplicates, reordering, retry, burst, replay,
)  # fmt: skip
"""Scenarios about time and effects, in the order they are played."""
