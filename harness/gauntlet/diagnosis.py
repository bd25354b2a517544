"""From what landed to what is wrong: pure functions over landings and results, most telling fault first."""

from collections.abc import Iterator, Mapping, Sequence

from harness.gauntlet.model import Fault, Landing, ScenarioResult, Standing
from harness.gauntlet.scenarios import Range
from harness.gauntlet.verifying import SPELLING, Landed, accepted, verifying

Results = Mapping[str, ScenarioResult]


def diagnose(place: Range, results: Sequence[ScenarioResult]) -> tuple[Fault, ...]:
    """The faults behind the outcomes."""
    return tuple(_faults(place, {item.id: item for item in results}))


def _faults(place: Range, results: Results) -> Iterator[Fault]:
    landed = place.landed
    everything = [item for items in landed.values() for item in items]
    statuses = {item.status for item in everything}
    right = landed.get("valid_events", ())
    moved = bool(right) and all(item.status is not None and 300 <= item.status < 400 for item in right)
    if everything and (statuses <= {404, 405} or moved):
        why = "it redirects, and the sender does not follow" if moved else "there is no receiver"
        yield Fault("wrong_address", f"Every right event was answered with HTTP {everything[0].status}: {why}.",
                    "Give the address that takes POST requests.", tuple(landed))  # fmt: skip
        return
    if place.halted and not place.ended:
        why = f"It does not answer within {place.receiver.timeout:g} s: the sender takes that for a failure, and sends "
        yield Fault("answers_too_late", why + "again what is still worked on.",
                    "Store, acknowledge, work later in a queue.", ("valid_events",))  # fmt: skip
        return
    if place.ended:
        yield Fault("dies", f"Nothing listens any more since {place.ended}: {results[place.ended].seen}.",
                    "No request may end the process. Bound the size of bodies and answer 413." if
                    place.ended == "huge_body" else "No request may end the process.", (place.ended,))  # fmt: skip
    found = list(verifying(landed, looked=place.looked))
    yield from found
    if place.ended:
        return
    explained = any(fault.id in SPELLING for fault in found)
    if not explained:
        yield from _names(landed, place.shown_as, results)
    yield from _storage(place, results)
    if not explained:
        yield from _others(landed, results, nothing=_shows_nothing(place))


def _names(landed: Landed, shown_as: Mapping[str, str], results: Results) -> Iterator[Fault]:
    valid = landed.get("valid_events", ())
    refused = [item.shot.code for item in valid if not item.accepted]
    swapped = {item.shot.name.partition(" ")[0] for item in landed.get("swapped_names", ()) if item.accepted}
    mistaken = {code: name for code, name in shown_as.items() if name not in {code, ""}}
    if not _failed(results, "unknown_events"):
        swapped = set()  # what is acknowledged under any name was not recognised by its `type`
    if swapped & set(refused) or mistaken:
        seen = (f"{next(iter(mistaken))} is stored as {next(iter(mistaken.values()))}" if mistaken
                else f"{min(swapped & set(refused))} is refused unless it stands in `type`")  # fmt: skip
        yield Fault("reads_type", f"It reads `type` where `code` names the event: {seen}.",
                    "Switch on `code`; `type` is only the family (CONNECTION, JOB, an entity).",
                    ("valid_events",))  # fmt: skip
    elif refused and len(refused) < len(valid) and not _failed(results, "unknown_events"):
        yield Fault("refuses_some_events", f"It refuses some right events: {', '.join(refused[:5])}.",
                    "Acknowledge every event that is rightly signed, wanted or not; refused ones come again for 15 "
                    "minutes and are then lost.", ("valid_events",))  # fmt: skip
    elif refused and not accepted(landed, "spellings", "hex_signature", "swapped_names") and len(refused) == len(valid):
        yield Fault("rejects_valid", f"It refuses every right event ({valid[0].told()}).",
                    "Check the secret it was given (the client secret, not a webhook secret), the header's name, the "
                    "prefix sha256=, base64, and that the raw bytes are hashed.",
                    ("valid_events", "spellings"))  # fmt: skip


def _failed(results: Results, scenario: str) -> bool:
    return scenario in results and results[scenario].standing is Standing.FAILED


def _storage(place: Range, results: Results) -> Iterator[Fault]:
    landed = place.landed
    if _shows_nothing(place):
        yield Fault("loses_events", "It acknowledges events and shows none of them: they were never stored, or "
                    "--observe is another place.", "Store every event before it is acknowledged.",
                    ("kept",))  # fmt: skip
        return  # what else it does with events cannot be seen
    if place.ignored:
        yield Fault("ignores_events", "It acknowledges events that it has to process, and keeps nothing of them: "
                    f"{', '.join(place.ignored)}.", "Keep every event that is rightly signed.", ("kept",))  # fmt: skip
    if landed.get("late"):
        lost = f" {len(landed['lost'])} never came." if landed.get("lost") else ""
        lost += f" Killed in between, it loses them: {results['survives'].seen}." if landed.get("killed") else ""
        yield Fault("acknowledges_early", "It acknowledges events before it stores them: "
                    f"{len(landed['late'])} were not there when their acknowledgement came.{lost}",
                    "Commit the event to durable storage first, then answer 2xx. If --observe shows what was worked "
                    "off, give it an address that shows what is stored.",
                    ("durable", "survives") if landed.get("killed") else ("durable",))  # fmt: skip
    elif landed.get("lost"):
        yield Fault("loses_events", f"{len(landed['lost'])} acknowledged events were never stored.",
                    "Store every event before it is acknowledged; answer 5xx when that fails.",
                    ("durable",))  # fmt: skip
    elif landed.get("killed"):
        yield Fault("loses_on_kill", f"It loses what it acknowledged when it is killed: {results['survives'].seen}.",
                    "Commit the event to durable storage, not to memory, then answer 2xx.",
                    ("survives",))  # fmt: skip
    if _failed(results, "distinct_events") and (accepted(landed, "distinct_events") or 0.0) == 1.0:
        yield Fault("merges_events", f"It takes different events for the same one ({results['distinct_events'].seen}).",
                    "There is no event id: de-duplicate on code, object id and updated_at together, or on a digest of "
                    "the body.", ("distinct_events",))  # fmt: skip
    if _failed(results, "reordering") and (accepted(landed, "reordering") or 0.0) == 1.0:
        yield Fault("applies_older", "It puts an older edit in place of a newer one when it comes later.",
                    "Compare updated_at before a change is applied, or read the object again.",
                    ("reordering",))  # fmt: skip
    yield from _repeats(landed, results)


def _shows_nothing(place: Range) -> bool:
    return bool(place.ignored) and not place.kept


def _in_time(landing: Landing) -> bool:
    return landing.problem is None


def _held_up(landed: Landed, results: Results) -> bool:
    """Whether all that failed in the burst waited in vain behind another connection."""
    failed = [item for item in landed.get("burst", ()) if not item.accepted]
    return _failed(results, "slow_sender") and bool(failed) and not any(map(_in_time, failed))


def _behind(landed: Landed) -> bool:
    """Whether it acknowledged the whole burst, as it does all events, before it stored it."""
    return bool(landed.get("late")) and all(item.accepted for item in landed.get("burst", ()))


def _repeats(landed: Landed, results: Results) -> Iterator[Fault]:
    for name in ("duplicates", "replay", "retry"):
        if not _failed(results, name):
            continue
        if "effects are shown" in results[name].seen:
            yield Fault("not_idempotent", f"An event that comes again has another effect ({results[name].seen}).",
                        "There is no event id: de-duplicate on code, object id and updated_at, or on a digest of the "
                        "body, by a unique key.", (name,))  # fmt: skip
            return
        if accepted(landed, "valid_events") and not all(_in_time(item) for item in landed.get(name, ())):
            continue  # too late is no refusal
        if accepted(landed, "valid_events"):
            yield Fault("refuses_repeats", f"It refuses events that come again ({results[name].seen}).",
                        "Acknowledge what is known already: a refusal makes the sender try again.",
                        (name,))  # fmt: skip
            return


def _others(landed: Landed, results: Results, *, nothing: bool) -> Iterator[Fault]:
    messages = {
        "unknown_events": ("refuses_new_events", "It refuses event types or fields that it does not know.",
                           "Acknowledge and ignore what is new: it appears without a new version."),
        "strange_bodies": ("breaks_on_strange_bodies", "It fails on signed bodies that are no event.",
                           "Answer 400; a 5xx makes the sender try again."),
        "content_types": ("strict_content_type", "It fails on other content types.",
                          "Do not decide by the content type."),
        "huge_body": ("breaks_on_huge_bodies", "A huge body breaks it or what follows.",
                      "Bound the body's size and answer 413."),
        "prompt": ("acknowledges_slowly", "It acknowledges slowly.", "Store, acknowledge, work later in a queue."),
        "slow_sender": ("blocked_by_slow_sender", "One slow connection holds up the others.",
                        "Serve connections independently of each other."),
        "burst": ("drops_bursts", "It does not stand a burst.", "Store first and work from a queue; size the pool."),
        "rotated_secret": ("no_rotation", "It knows one secret only, or not the right ones.",
                           "Accept the old and the new client secret while it is rotated."),
    }  # fmt: skip
    refused = [item.shot.code for item in landed.get("valid_events", ()) if not item.accepted]
    valid = accepted(landed, "valid_events")
    for scenario, (id, message, remedy) in messages.items():
        if scenario == "burst" and (nothing or _held_up(landed, results) or _behind(landed)):
            continue  # the consequence of a fault that is named
        if scenario == "slow_sender" and _failed(results, "prompt"):
            continue  # each connection is slow by itself
        if _failed(results, scenario) and valid:
            also = (
                f" Known ones that it refuses: {', '.join(refused[:5])}."
                if refused and id.endswith("new_events")
                else ""
            )
            yield Fault(id, f"{message} {results[scenario].seen}.{also}", remedy, (scenario,))
