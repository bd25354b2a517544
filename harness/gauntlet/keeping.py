"""Scenarios about what is kept: every event, once, before its acknowledgement, and none that nobody signed."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from harness.gauntlet.effects import half_sent, texts
from harness.gauntlet.model import Landing, ScenarioResult, Shot, Standing
from harness.gauntlet.payloads import ESSENTIAL, Body, compact, is_object, sign
from harness.gauntlet.scenarios import OBSERVE, Range, culprit, judged, undecided

EARLY_LOOKS, EARLY_AT_ONCE = 25, 64
"""Events that are looked for as soon as they are acknowledged: one after the other, and many at once."""
LONGEST_LOOKS = 20.0
KILLED = 200
"""Events that are fired while the receiver is killed."""
ROUNDS, COPIES = 6, 5
FORGED = ("missing_signature", "wrong_signature", "truncated_signature", "hex_signature", "altered_body",
          "reserialised")  # fmt: skip
"""Scenarios whose shots must leave nothing behind."""


def kept(place: Range) -> ScenarioResult:
    """Acknowledged events are kept: those that every integration needs, and those that were asked for."""
    title, expected = "what becomes of acknowledged events", "those that every integration has to process are shown"
    shots = {item.shot.code: item.shot for item in place.landed["valid_events"] if item.accepted}
    if place.receiver.observe is None or not shots:
        return undecided("kept", title, expected, "what is stored cannot be seen", OBSERVE)
    wanted = [code for code in shots if place.chosen or code in ESSENTIAL]
    missing = set(place.receiver.missing((shots[code].mark for code in wanted), place.patience))
    lost = [code for code in wanted if shots[code].mark in missing]
    place.kept = tuple(code for code in shots if code not in lost and place.receiver.stored(shots[code].mark))
    others = [code for code in shots if code not in place.kept and code not in lost]
    seen = f"{len(place.kept)} of {len(shots)} acknowledged types are shown"
    if lost:
        seen += f"; never: {', '.join(lost[:7])}"
    if others:
        seen += f"; also not, and perhaps not wanted: {', '.join(others[:5])}{' ...' if len(others) > 5 else ''}"
    place.ignored = tuple(lost)
    return ScenarioResult("kept", title, Standing.FAILED if lost else Standing.PASSED, len(shots),
                          len(shots) - len(lost), expected, seen)  # fmt: skip


def distinct_events(place: Range) -> ScenarioResult:
    """There is no event id: what is taken for a repeat must be one. Source: section 7, Delivery."""
    title = "events of one connection and type about other objects and later edits"
    expected = "each is kept"
    code = place.pick("BILL_UPDATED")
    if place.receiver.observe is None or not is_object(code):
        return undecided("distinct_events", title, expected, "what is stored cannot be seen", OBSERVE)
    first = place.aim.source.body(code)
    bodies = {
        "the first": first,
        "another object": place.aim.source.again(first, code, "golive other object", 0, other=True),
        "a later edit of the first object": place.aim.source.again(first, code, "golive later edit", 60),
    }
    landings = place.fire("distinct_events", [_shot(place, name, body) for name, body in bodies.items()])
    result = judged("distinct_events", title, landings, lambda item: item.accepted, expected)
    if result.standing is Standing.FAILED:
        return result
    mark = landings[0].shot.mark
    shown = place.receiver.await_stored(mark, place.patience)
    if len(shown) < len(bodies) and not _told(shown, "golive other object", "golive later edit"):
        shown = place.receiver.await_stored_all(mark, len(bodies), place.patience if len(shown) < 2 else place.quiet)
    if len(shown) >= len(bodies) or _told(shown, "golive other object", "golive later edit"):
        return result
    seen = f"{len(bodies)} different {code} of one connection, {len(shown)} are shown"
    return ScenarioResult("distinct_events", title, Standing.FAILED, len(landings), len(shown), expected, seen,
                          tuple(culprit(item) for item in landings[1:]))  # fmt: skip


def reordering(place: Range) -> ScenarioResult:
    """No order is promised. Source: section 7, Delivery."""
    title, expected = "an edit that overtakes the one before it", "each is acknowledged, and the newer edit stays"
    code = place.pick("BILL_UPDATED")
    first = place.aim.source.body(code)
    bodies = [("a plain event", first), ("the same again", first)]
    if is_object(code):
        bodies = [("the newer edit", place.aim.source.again(first, code, "golive newer edit", 120)),
                  ("the older edit", place.aim.source.again(first, code, "golive older edit", 60))]  # fmt: skip
    landings = place.fire("reordering", [_shot(place, name, body) for name, body in bodies])
    result = judged("reordering", title, landings, lambda item: item.accepted, expected)
    if result.standing is Standing.FAILED or place.receiver.observe is None:
        return result
    place.receiver.await_stored(landings[0].shot.mark, place.patience)
    place.receiver.clock.sleep(place.quiet)
    shown = place.receiver.stored(landings[0].shot.mark) or []
    if not _told(shown, "golive older edit") or _told(shown, "golive newer edit"):
        return result
    return ScenarioResult("reordering", title, Standing.FAILED, 2, 1, expected,
                          "the older edit, which came later, is shown in place of the newer one",
                          tuple(culprit(item) for item in landings))  # fmt: skip


def _told(shown: Sequence[Any], *memos: str) -> bool:
    found = {text for item in shown for text in texts(item)}
    return all(any(memo in text for text in found) for memo in memos)


def _shot(place: Range, name: str, body: Body) -> Shot:
    content = compact(body)
    return place.aim.shot(name, body, content, sign(content, place.aim.secret))


def duplicates(place: Range) -> ScenarioResult:
    """The same payload may arrive more than once. Source: [D:implementation-guides/webhooks]."""
    shots = [place.aim.valid(place.pick("BILL_CREATED"), name="the same event") for _ in range(ROUNDS)]
    landings: list[Landing] = []
    for shot in shots:
        landings += place.receiver.volley([shot] * COPIES, min(COPIES, place.lanes))
    place.landed["duplicates"] = landings
    return _once(place, "duplicates", f"{ROUNDS} events, each {COPIES} times at once", shots, landings)


def replay(place: Range) -> ScenarioResult:
    """There is no replay guard in the signature: an old event may come again at any time. Source: section 7."""
    shot = place.first or place.aim.valid(place.pick("BILL_CREATED"))
    return _once(place, "replay", "the first event again at the end", [shot], place.fire("replay", [shot]))


def retry(place: Range) -> ScenarioResult:
    """A sender that saw no answer sends the same bytes again. Source: six attempts in about 15 minutes."""
    shot = place.aim.valid(place.pick("INVOICE_CREATED"), name="the second attempt")
    with half_sent(place.receiver.url, shot) as finish:
        finish()
    return _once(place, "retry", "an event whose answer got lost, then its second attempt", [shot],
                 place.fire("retry", [shot]))  # fmt: skip


def _once(
    place: Range, id: str, title: str, shots: Sequence[Shot], landings: list[Landing]
) -> ScenarioResult:  # fmt: skip
    expected = "each is acknowledged, and there is one effect"
    result = judged(id, title, landings, lambda item: item.accepted, expected)
    if result.standing is Standing.FAILED or place.receiver.observe is None:
        if result.standing is Standing.PASSED:
            return undecided(id, title, expected, "each was acknowledged; the effects cannot be seen", OBSERVE)
        return result
    for shot in shots:
        place.receiver.await_stored(shot.mark, place.patience)
    place.receiver.clock.sleep(place.quiet)
    for shot in shots:
        found = place.receiver.stored(shot.mark) or []
        if len(found) != 1 and (found or shot.code in place.kept):
            seen = f"{len(found)} effects are shown for {shot.code} of connection {shot.mark}"
            return ScenarioResult(id, title, Standing.FAILED, len(landings), 0, expected, seen,
                                  (culprit(landings[0]),))  # fmt: skip
    return result


def durable(place: Range) -> ScenarioResult:
    """An acknowledgement says that the event is kept. One that is given before the event is stored loses it when the
    process ends in between."""
    title = f"up to {EARLY_LOOKS + EARLY_AT_ONCE} events looked for at once after their acknowledgement"
    expected = "each is stored before it is acknowledged"
    if place.receiver.observe is None:
        return undecided("durable", title, expected, "what is stored cannot be seen", OBSERVE)
    code, deadline = place.pick("BILL_CREATED"), place.receiver.clock.monotonic() + LONGEST_LOOKS
    looks: list[tuple[Landing, bool]] = []
    for number in range(EARLY_LOOKS):
        landing = place.receiver.fire(place.aim.valid(code, name=f"event {number + 1}"))
        looks.append((landing, landing.accepted and bool(place.receiver.stored(landing.shot.mark))))
        if place.receiver.clock.monotonic() > deadline:
            break
    else:
        looks += place.receiver.fire_and_look([place.aim.valid(code) for _ in range(EARLY_AT_ONCE)])
    place.landed["durable"] = [landing for landing, _ in looks]
    accepted = [(landing, found) for landing, found in looks if landing.accepted]
    if not accepted:
        return undecided("durable", title, expected, "no event was acknowledged", "Mend the scenarios above first")
    absent = {landing.shot.mark: landing for landing, found in accepted if not found}
    gone = set(place.receiver.missing(absent, place.patience)) if absent else set()
    late = [landing for mark, landing in absent.items() if mark not in gone]
    lost = [landing for mark, landing in absent.items() if mark in gone]
    there = len(accepted) - len(absent)
    seen = f"{there} of {len(accepted)} were there at once, {len(late)} came later, {len(lost)} never"
    standing = Standing.FAILED if absent else Standing.PASSED
    place.landed["late"], place.landed["lost"] = late, lost
    return ScenarioResult("durable", title, standing, len(accepted), there, expected, seen,
                          tuple(culprit(item) for item in (late + lost)[:3]))  # fmt: skip


def survives(place: Range) -> ScenarioResult:
    """What was acknowledged before the receiver is killed is there after it started again."""
    title, expected = "events that were acknowledged before a kill", "each is shown after it"
    if place.receiver.observe is None or place.restart is None:
        return undecided("survives", title, expected, "what is stored cannot be seen", OBSERVE)
    shots = [place.aim.valid(place.pick("BILL_CREATED")) for _ in range(KILLED)]
    half = place.receiver.shots + KILLED // 2
    with ThreadPoolExecutor(1) as pool:
        volley = pool.submit(place.receiver.volley, shots)
        while place.receiver.shots < half and not volley.done():
            place.receiver.clock.sleep(0.002)
        place.restart()
        landings = volley.result()
    accepted = [item for item in landings if item.accepted]
    if not place.receiver.comes_back(place.patience) or not accepted:
        return undecided("survives", title, expected, "it did not come back, or acknowledged nothing",
                         "Let --restart return once the receiver listens again")  # fmt: skip
    gone = set(place.receiver.missing((item.shot.mark for item in accepted), place.patience))
    place.landed["killed"] = [item for item in accepted if item.shot.mark in gone]
    return ScenarioResult("survives", title, Standing.FAILED if gone else Standing.PASSED, len(accepted),
                          len(accepted) - len(gone), expected, f"{len(gone)} of {len(accepted)} are not",
                          tuple(culprit(item) for item in place.landed["killed"][:3]))  # fmt: skip


def no_effect(place: Range) -> ScenarioResult:
    """What nobody signed rightly leaves nothing behind, whatever was answered."""
    title, expected = "what is left of events without a right signature", "nothing"
    landings = [item for name in FORGED for item in place.landed.get(name, ())]
    if place.receiver.observe is None:
        return undecided("no_effect", title, expected, "what is stored cannot be seen", OBSERVE)
    written = [item for item in landings if place.receiver.stored(item.shot.mark)]
    place.landed["written"] = written
    place.looked = True
    seen = f"{len(written)} of {len(landings)} are shown"
    return ScenarioResult("no_effect", title, Standing.FAILED if written else Standing.PASSED, len(landings),
                          len(landings) - len(written), expected, seen,
                          tuple(culprit(item) for item in written[:3]))  # fmt: skip
