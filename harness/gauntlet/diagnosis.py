"""From what landed to what is wrong: pure functions over landings, most telling fault first."""

from collections.abc import Iterator, Mapping, Sequence

from harness.gauntlet.model import Fault, Landing, ScenarioResult, Standing

Landed = Mapping[str, Sequence[Landing]]


def diagnose(landed: Landed, results: Sequence[ScenarioResult], shown_as: Mapping[str, str]) -> tuple[Fault, ...]:
    """The faults behind the outcomes. `shown_as` is what a stored event calls itself, by the event's code."""
    return tuple(_faults(landed, {item.id: item for item in results}, shown_as))


def _accepted(landed: Landed, *scenarios: str) -> float | None:
    """The share of acknowledged shots of scenarios; None when nothing was fired."""
    found = [item for name in scenarios for item in landed.get(name, ())]
    return sum(item.accepted for item in found) / len(found) if found else None


def _faults(landed: Landed, results: Mapping[str, ScenarioResult], shown_as: Mapping[str, str]) -> Iterator[Fault]:
    everything = [item for items in landed.values() for item in items]
    if everything and all(item.status in {404, 405} for item in everything):
        yield Fault("wrong_address", f"Every shot was answered with HTTP {everything[0].status}: there is no receiver.",
                    "Give the address that takes POST requests.", tuple(landed))  # fmt: skip
        return
    yield from _signature(landed)
    yield from _names(landed, shown_as)
    yield from _storage(landed, results)
    yield from _others(landed, results)


def _signature(landed: Landed) -> Iterator[Fault]:
    valid = _accepted(landed, "valid_events", "spellings") or 0.0
    missing, wrong = _accepted(landed, "missing_signature"), _accepted(landed, "wrong_signature")
    cut, hexed = _accepted(landed, "truncated_signature"), _accepted(landed, "hex_signature")
    spelled = {item.shot.name: item.accepted for item in landed.get("spellings", ())}
    rewritten = _accepted(landed, "reserialised") or 0.0
    mixed = bool(spelled) and any(spelled.values()) and not all(spelled.values())
    if valid and wrong == 1.0 and missing:
        yield Fault("verifies_nothing", "It acknowledges events without and with a wrong signature: anyone can write.",
                    "Compare X-Rutter-Signature with sha256= and the base64 of HMAC-SHA256 over the raw body, keyed by "
                    "the client secret, in constant time; answer 401 otherwise.",
                    ("missing_signature", "wrong_signature"))  # fmt: skip
        return
    if valid and wrong == 1.0:
        yield Fault("presence_only", "It wants a signature and does not look whether it is right.",
                    "Compute the signature over the raw body and compare it in constant time.",
                    ("wrong_signature",))  # fmt: skip
        return
    if missing:
        yield Fault("optional_signature", "It verifies a signature only when there is one.",
                    "Refuse events without X-Rutter-Signature.", ("missing_signature",))  # fmt: skip
    if wrong:
        yield Fault("some_wrong_accepted", "It acknowledges some wrong signatures.",
                    "Key the digest with the whole client secret, over the whole raw body.",
                    ("wrong_signature",))  # fmt: skip
    if not wrong and ((mixed and rewritten != 0.0) or (mixed and not _named_only(landed))):
        refused = ", ".join(name for name, accepted in spelled.items() if not accepted)
        yield Fault("hashes_reserialised", "It hashes a body that it wrote again itself: right events are refused "
                    f"when their bytes differ from its own spelling ({refused}).",
                    "Hash the raw bytes of the request, before any JSON parser sees them.",
                    ("spellings", "reserialised"))  # fmt: skip
    elif not wrong and rewritten:
        yield Fault("hashes_reserialised", "It acknowledges a body that was re-serialised after signing: it hashes its "
                    "own spelling.", "Hash the raw bytes of the request.", ("reserialised",))  # fmt: skip
    if cut and not wrong:
        names = ", ".join(item.shot.name for item in landed["truncated_signature"] if item.accepted)
        yield Fault("compares_loosely", f"It acknowledges signatures that lost something: {names}.",
                    "Compare the whole value, with hmac.compare_digest or its like.",
                    ("truncated_signature",))  # fmt: skip
    if hexed and not wrong:
        kind = "instead of" if not valid else "as well as"
        yield Fault("reads_hexadecimal", f"It takes hexadecimal digests {kind} base64.",
                    "The header is sha256= and base64.", ("hex_signature",))  # fmt: skip
    swapped = _accepted(landed, "swapped_names") or 0.0
    if not valid and not hexed and not swapped:
        told = next((item.told() for item in landed.get("valid_events", ())), "nothing")
        yield Fault("rejects_valid", f"It refuses every right event ({told}).",
                    "Check the secret it was given (the client secret, not a webhook secret), the header's name, the "
                    "prefix sha256=, base64, and that the raw bytes are hashed.",
                    ("valid_events", "spellings"))  # fmt: skip


def _named_only(landed: Landed) -> bool:
    """Whether refused right events have their names in common rather than their spelling."""
    return any(not item.accepted for item in landed.get("valid_events", ()))


def _names(landed: Landed, shown_as: Mapping[str, str]) -> Iterator[Fault]:
    refused = [item.shot.code for item in landed.get("valid_events", ()) if not item.accepted]
    swapped = _accepted(landed, "swapped_names") or 0.0
    mistaken = {code: name for code, name in shown_as.items() if name not in {code, ""}}
    if (refused and swapped) or mistaken:
        seen = (f"{next(iter(mistaken))} is stored as {next(iter(mistaken.values()))}" if mistaken
                else f"{refused[0]} is refused unless it stands in `type`")  # fmt: skip
        yield Fault("reads_type", f"It reads `type` where `code` names the event: {seen}.",
                    "Switch on `code`; `type` is only the family (CONNECTION, JOB, an entity).",
                    ("valid_events",))  # fmt: skip
    elif refused and len(refused) < len(landed["valid_events"]):
        yield Fault("refuses_some_events", f"It refuses some right events: {', '.join(refused[:5])}.",
                    "Acknowledge every event that is rightly signed, wanted or not; refused ones come again for 15 "
                    "minutes and are then lost.", ("valid_events",))  # fmt: skip


def _storage(landed: Landed, results: Mapping[str, ScenarioResult]) -> Iterator[Fault]:
    if landed.get("late"):
        yield Fault("acknowledges_early", "It acknowledges events before it stores them: "
                    f"{len(landed['late'])} were not there when their acknowledgement came.",
                    "Commit the event to durable storage first, then answer 2xx.", ("durable",))  # fmt: skip
    if landed.get("lost"):
        yield Fault("loses_events", f"{len(landed['lost'])} acknowledged events were never stored.",
                    "Store every event before it is acknowledged; answer 5xx when that fails.",
                    ("durable",))  # fmt: skip
    for name in ("duplicates", "replay", "retry"):
        result = results.get(name)
        if result is not None and result.standing is Standing.FAILED and "effects are shown" in result.seen:
            yield Fault("not_idempotent", f"An event that comes again has another effect ({result.seen}).",
                        "There is no event id: de-duplicate on code, object id and updated_at, or on a digest of the "
                        "body, by a unique key.", (name,))  # fmt: skip
            return


def _others(landed: Landed, results: Mapping[str, ScenarioResult]) -> Iterator[Fault]:
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
        "reordering": ("depends_on_order", "It refuses events that come out of order.",
                       "Acknowledge them; reconcile by updated_at or by reading the object."),
    }  # fmt: skip
    valid = _accepted(landed, "valid_events")
    for scenario, (id, message, remedy) in messages.items():
        result = results.get(scenario)
        if result is not None and result.standing is Standing.FAILED and valid:
            yield Fault(id, f"{message} {result.seen}.", remedy, (scenario,))
