"""What is wrong with the way a receiver verifies signatures: pure functions over landings."""

from collections.abc import Iterator, Mapping, Sequence

from harness.gauntlet.keeping import FORGED
from harness.gauntlet.model import Fault, Landing
from harness.gauntlet.scenarios import LINE_END

Landed = Mapping[str, Sequence[Landing]]
OTHER_CASE, NO_VALUE = "letters in the other case", "an empty header"
SPELLING = frozenset({"hashes_reserialised", "hashes_text"})
"""Faults for which right events are refused: what is refused further on tells nothing new."""
COMPARE = (
    "Compare X-Rutter-Signature with sha256= and the base64 of HMAC-SHA256 over the raw body, keyed by the client "
    "secret, in constant time; answer 401 otherwise."
)


def accepted(landed: Landed, *scenarios: str) -> float | None:
    """The share of acknowledged shots of scenarios; None when nothing was fired."""
    found = [item for name in scenarios for item in landed.get(name, ())]
    return sum(item.accepted for item in found) / len(found) if found else None


def verifying(landed: Landed, *, looked: bool) -> Iterator[Fault]:
    """The faults, most telling first. `looked`: whether what forged events left behind was looked for."""
    valid = accepted(landed, "valid_events", "spellings") or 0.0
    missing, wrong = accepted(landed, "missing_signature"), accepted(landed, "wrong_signature")
    written = landed.get("written", ())
    if valid and (missing or wrong) and looked and not written:
        yield Fault("acknowledges_refused", "It answers 2xx to events whose signature it does not believe, and keeps "
                    "nothing of them: after a change of the secret every event would be lost, and nobody told.",
                    "Answer 401: the sender then tries again.", ("missing_signature", "wrong_signature"))  # fmt: skip
        return
    if valid and wrong == 1.0 and missing:
        yield Fault("verifies_nothing", "It acknowledges events without and with a wrong signature: anyone can write.",
                    COMPARE, ("missing_signature", "wrong_signature"))  # fmt: skip
        return
    if valid and wrong == 1.0:
        yield Fault("presence_only", "It wants a signature and does not look whether it is right.",
                    "Compute the signature over the raw body and compare it in constant time.",
                    ("wrong_signature",))  # fmt: skip
        return
    yield from _trusting(landed)
    if not wrong:
        yield from _bytes(landed)
        yield from _loose(landed, bool(missing), bool(valid))
    broken = [item for name in FORGED for item in landed.get(name, ()) if item.broke and item.status is not None]
    if valid and broken:
        names = ", ".join(dict.fromkeys(item.shot.name for item in broken))
        yield Fault("breaks_on_forged", f"It answers what is not rightly signed ({names}) with {broken[0].told()}: "
                    "that says that it failed, and not that it refuses.", "Answer 401, whatever the header holds.",
                    tuple(name for name in FORGED if any(item in broken for item in landed.get(name, ()))))  # fmt: skip
    refused = [item for item in written if item.refused]
    if refused:
        yield Fault("stores_unverified", f"It refuses events and keeps them all the same: {len(refused)} without a "
                    "right signature are shown.", "Verify first; store nothing before.", ("no_effect",))  # fmt: skip


def _trusting(landed: Landed) -> Iterator[Fault]:
    """Some forged events get through."""
    shots = [item for name in ("missing_signature", "wrong_signature") for item in landed.get(name, ())]
    plain = [item for item in shots if item.shot.name in {"no signature", "another secret"}]
    trusted = {item.shot.code for item in plain if item.accepted}
    verified = {item.shot.code for item in plain if not item.accepted}
    if trusted and not trusted & verified:
        yield Fault("verifies_some_events", f"It verifies some events only: {', '.join(sorted(trusted))} are "
                    "acknowledged without a right signature.", "Verify before anything is read of the body.",
                    ("missing_signature", "wrong_signature"))  # fmt: skip
        return
    if accepted(landed, "missing_signature"):
        yield Fault("optional_signature", "It verifies a signature only when there is one.",
                    "Refuse events without X-Rutter-Signature.", ("missing_signature",))  # fmt: skip
    wrong = [item.shot.name for item in landed.get("wrong_signature", ()) if item.accepted]
    if wrong:
        yield Fault("some_wrong_accepted", f"It acknowledges some wrong signatures: {', '.join(dict.fromkeys(wrong))}.",
                    "Key the digest with the whole client secret, and nothing else, over the whole raw body.",
                    ("wrong_signature",))  # fmt: skip


def _bytes(landed: Landed) -> Iterator[Fault]:
    """It hashes something else than the bytes that came."""
    spellings = landed.get("spellings", ())
    taken, refused = ([item for item in spellings if item.accepted is wanted] for wanted in (True, False))
    names = ", ".join(item.shot.name for item in refused)
    rewritten = {item.shot.name for item in landed.get("reserialised", ()) if item.accepted}
    lines = {item.shot.name for item in refused} | rewritten
    if taken and refused and all(_plain(item) for item in taken) and not any(_plain(item) for item in refused):
        yield Fault("hashes_text", "It hashes text that it decoded and encoded again with another charset: right "
                    f"events with letters beyond ASCII are refused ({names}).",
                    "Hash the raw bytes of the request, before anything decodes them.", ("spellings",))  # fmt: skip
    elif lines == {LINE_END}:
        yield Fault("trims_body", "It hashes the body without the white space around it: not the bytes that came.",
                    "Hash the raw bytes of the request.", ("spellings", "reserialised"))  # fmt: skip
    elif taken and refused:
        yield Fault("hashes_reserialised", "It hashes a body that it wrote again itself: right events are refused "
                    f"when their bytes differ from its own spelling ({names}).",
                    "Hash the raw bytes of the request, before any JSON parser sees them.",
                    ("spellings", "reserialised"))  # fmt: skip
    elif rewritten:
        yield Fault("hashes_reserialised", "It acknowledges a body that was re-serialised after signing: it hashes its "
                    "own spelling.", "Hash the raw bytes of the request.", ("reserialised",))  # fmt: skip
    if accepted(landed, "altered_body"):
        yield Fault("hashes_part", "It acknowledges a body that was changed after signing: it hashes a part of it.",
                    "Hash the whole raw body.", ("altered_body",))  # fmt: skip


def _plain(landing: Landing) -> bool:
    return landing.shot.content.isascii()


def _loose(landed: Landed, missing: bool, valid: bool) -> Iterator[Fault]:
    """It compares less than the whole value."""
    cut = [item.shot.name for item in landed.get("truncated_signature", ()) if item.accepted]
    if missing:
        cut = [name for name in cut if name != NO_VALUE]
    if cut == [OTHER_CASE]:
        yield Fault("ignores_case", "It compares signatures without regard to case: base64 tells letters apart.",
                    "Compare the value as it came, with hmac.compare_digest or its like.",
                    ("truncated_signature",))  # fmt: skip
    elif cut:
        yield Fault("compares_loosely", f"It acknowledges signatures that lost something: {', '.join(cut)}.",
                    "Compare the whole value, with hmac.compare_digest or its like.",
                    ("truncated_signature",))  # fmt: skip
    if accepted(landed, "hex_signature"):
        yield Fault("reads_hexadecimal", f"It takes hexadecimal digests {'as well as' if valid else 'instead of'} "
                    "base64.", "The header is sha256= and base64.", ("hex_signature",))  # fmt: skip
