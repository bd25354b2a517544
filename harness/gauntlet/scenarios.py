"""The scenarios: what is fired, what a right receiver does, and what this one did."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from harness.gauntlet.aiming import PROVED, Aim, cut_signatures, hex_signatures, wrong_signatures
from harness.gauntlet.firing import LANES, Receiver
from harness.gauntlet.model import Landing, ScenarioResult, Shot, Standing
from harness.gauntlet.payloads import compact, escaped, family, is_object, ordered, sign, spaced, turned

UNKNOWN_EVENTS = (("PLANET", "PLANET_ALIGNED"), ("CONNECTION", "CONNECTION_DREAMING"), ("BILL", "BILL_ARCHIVED"))
PROBED = ("INITIAL_UPDATE", "CONNECTION_DISABLED", "JOB_COMPLETED", "BILL_UPDATED")
"""Events whose names are looked at: their `type` and `code` differ."""
LINE_END = "with a line end"
PART, NOTICED = 0.8, 0.5
"""The part of the time-out that several events at once may take, and the seconds from which an answer is slow."""
HUGE = 4 * 1024 * 1024
OBSERVE = "Give --observe an address that shows stored events as JSON"
Right = Callable[[Landing], bool]


@dataclass
class Range:
    """What scenarios share: the receiver, the aim, the events to fire, and what has landed by scenario."""

    receiver: Receiver
    aim: Aim
    events: tuple[str, ...]
    burst: int
    slow_seconds: float
    prompt_seconds: float
    patience: float
    quiet: float
    """Seconds after which a second effect of an event would show."""
    landed: dict[str, list[Landing]] = field(default_factory=dict)
    shown_as: dict[str, str] = field(default_factory=dict)
    """By the code of an event: the name that it was stored under, where something shows one."""
    first: Shot | None = None
    """The first event that was fired: the old one that is replayed at the end."""
    chosen: bool = False
    """Whether the events were named by the user: then each of them is wanted."""
    kept: tuple[str, ...] = ()
    """Types that are shown after they were acknowledged."""
    ignored: tuple[str, ...] = ()
    """Types that should be, and are not."""
    lanes: int = LANES
    """Connections that the receiver answers in time at once, one after the other if need be."""
    looked: bool = False
    """Whether it was looked for what forged events left behind."""
    restart: Callable[[], None] | None = None
    """Kills the receiver and starts it again."""
    halted: str | None = None
    """Why nothing more can be fired."""
    ended: str | None = None
    """The scenario after which nothing listened any more."""

    def pick(self, wanted: str) -> str:
        """A type that the receiver takes: the wanted one, else one about an object, else any."""
        taken = [item.shot.code for item in self.landed.get("valid_events", ()) if item.accepted]
        usable = self.kept or tuple(taken) or self.events
        objects = [code for code in usable if is_object(code)]
        return next((code for code in (wanted, *objects) if code in usable), usable[0])

    def fire(self, scenario: str, shots: Sequence[Shot]) -> list[Landing]:
        """Fire one after the other and remember."""
        found = [self.receiver.fire(shot) for shot in shots]
        self.landed.setdefault(scenario, []).extend(found)
        return found


def judged(id: str, title: str, landings: Sequence[Landing], right: Right, expected: str) -> ScenarioResult:
    """The outcome of a scenario that statuses decide."""
    wrong = [item for item in landings if not right(item)]
    seen = f"{len(landings) - len(wrong)} of {len(landings)} answered so"
    if wrong:
        seen += f"; {wrong[0].shot.name} was answered with {wrong[0].told()}"
    return ScenarioResult(
        id, title, Standing.FAILED if wrong else Standing.PASSED, len(landings), len(landings) - len(wrong),
        expected, seen, tuple(culprit(item) for item in wrong[:3]),
    )  # fmt: skip


def undecided(id: str, title: str, expected: str, why: str, remedy: str) -> ScenarioResult:
    """A scenario that could not be played."""
    return ScenarioResult(id, title, Standing.UNDECIDED, 0, 0, expected, why, remedy=remedy)


def culprit(landing: Landing) -> str:
    """The exact header and body that were answered wrongly, cut to what a person reads."""
    signature = next((value for name, value in landing.shot.headers if name.lower() == "x-rutter-signature"), None)
    shown = landing.shot.content[:300].decode("utf-8", "backslashreplace")
    header = f"X-Rutter-Signature: {signature}" if signature is not None else "no X-Rutter-Signature"
    return f"{landing.shot.name}: {header} | {shown} -> {landing.told()}"


def valid_events(place: Range) -> ScenarioResult:
    """Every event type, rightly signed."""
    shots = [place.aim.valid(code, name=code) for code in place.events]
    place.first = shots[0]
    landings = [place.receiver.fire(shot) for shot in shots[:2]]
    if all(item.hung for item in landings):
        place.halted = f"the first events had no answer within {place.receiver.timeout:g} s"
    else:
        slowest = max(item.seconds for item in landings)
        place.lanes = min(LANES, max(1, int(PART * place.receiver.timeout / slowest))) if slowest > NOTICED else LANES
        rest = shots[2:]
        landings += place.receiver.volley(rest, place.lanes) if slowest > NOTICED else map(place.receiver.fire, rest)
    place.landed["valid_events"] = landings
    return judged("valid_events", "right events of every type", landings, lambda item: item.accepted,
                  "each is acknowledged with 2xx")  # fmt: skip


def spellings(place: Range) -> ScenarioResult:
    """The same values in other bytes, each signed over its own bytes."""
    # An event with letters beyond ASCII where there is one: they are spelled in more than one way.
    code = next((code for code in ("BILL_UPDATED", *place.events) if code in place.events and is_object(code)),
                place.events[0])  # fmt: skip
    shots = [
        place.aim.spelled(name, spell, code)
        for name, spell in (
            ("compact", compact),
            ("with spaces and escapes", spaced),
            ("keys in another order", turned),
            (LINE_END, lambda body: compact(body) + b"\n"),
            ("Python's spelling", lambda body: json.dumps(body).encode()),
            ("Python's spelling, keys in order", lambda body: json.dumps(body, sort_keys=True).encode()),
            ("Python's spelling, letters as they are", lambda body: json.dumps(body, ensure_ascii=False).encode()),
            ("compact, keys in order", ordered),
            ("compact, letters escaped", escaped),
            ("compact, letters escaped, keys in order", lambda body: ordered(body, escape=True)),
        )
    ]
    return judged("spellings", "right events in other spellings of JSON", place.fire("spellings", shots),
                  lambda item: item.accepted, "each is acknowledged: the signature is over the raw bytes")  # fmt: skip


def reserialised(place: Range) -> ScenarioResult:
    """A body that was written again on the way, with the signature of the original bytes."""
    shots = []
    line = (lambda body: compact(body) + b"\n", LINE_END)
    for spell, name in ((spaced, "spaces added"), (turned, "keys turned"), line):
        body = place.aim.source.body("CONNECTION_DISABLED")
        shots.append(place.aim.shot(name, body, spell(body), sign(compact(body), place.aim.secret)))
    return judged("reserialised", "a body that was re-serialised after signing", place.fire("reserialised", shots),
                  lambda item: item.refused, "each is refused with 4xx")  # fmt: skip


def altered_body(place: Range) -> ScenarioResult:
    """A value changed after signing."""
    body = place.aim.source.body("BILL_UPDATED")
    changed = compact(body).replace(b'"total_amount":14.5', b'"total_amount":94.5')
    shots = [place.aim.shot("an amount changed", body, changed, sign(compact(body), place.aim.secret))]
    return judged("altered_body", "a body that was changed after signing", place.fire("altered_body", shots),
                  lambda item: item.refused, "it is refused with 4xx")  # fmt: skip


def unknown_events(place: Range) -> ScenarioResult:
    """New event types and fields appear without a new version. Source: version policy, trap 34."""
    shots = []
    for kind, code in UNKNOWN_EVENTS:
        body = {**place.aim.source.body(place.pick("BILL_UPDATED")), "type": kind, "code": code}
        shots.append(place.aim.shot(code, body, compact(body), sign(compact(body), place.aim.secret)))
    body = place.aim.source.body(
        place.pick("BILL_UPDATED"), shape={"of": [{"things": [None, True]}]}, later="2031-01-01"
    )
    shots.append(place.aim.shot("extra fields", body, compact(body), sign(compact(body), place.aim.secret)))
    return judged("unknown_events", "event types and fields that are new", place.fire("unknown_events", shots),
                  lambda item: item.accepted, "each is acknowledged")  # fmt: skip


def missing_signature(place: Range) -> ScenarioResult:
    """No signature at all."""
    shots = [place.aim.signed("no signature", lambda _: None, code) for code in PROVED]
    return judged("missing_signature", "events without a signature", place.fire("missing_signature", shots),
                  lambda item: item.refused, "each is refused with 4xx")  # fmt: skip


def wrong_signature(place: Range) -> ScenarioResult:
    """Well formed and wrong."""
    return judged("wrong_signature", "events with a wrong signature",
                  place.fire("wrong_signature", wrong_signatures(place.aim)),
                  lambda item: item.refused, "each is refused with 4xx")  # fmt: skip


def truncated_signature(place: Range) -> ScenarioResult:
    """Right and cut."""
    return judged("truncated_signature", "signatures that lost a part",
                  place.fire("truncated_signature", cut_signatures(place.aim)),
                  lambda item: item.refused, "each is refused with 4xx")  # fmt: skip


def hex_signature(place: Range) -> ScenarioResult:
    """The digest is base64. Source: [D:implementation-guides/webhooks], trap 20."""
    return judged("hex_signature", "digests in hexadecimal", place.fire("hex_signature", hex_signatures(place.aim)),
                  lambda item: item.refused, "each is refused with 4xx: the API sends base64")  # fmt: skip


def rotated_secret(place: Range) -> ScenarioResult:
    """The client secret signs: while it is rotated, both are right. Source: trap 20."""
    title, expected = "old and new secret during a rotation", "both are acknowledged"
    new = place.receiver.new_secret
    if new is None:
        return undecided("rotated_secret", title, expected, "no second secret was given",
                         "Start the receiver with two secrets and name the second with --new-secret-env")  # fmt: skip
    code = place.pick("INITIAL_UPDATE")
    shots = [place.aim.valid(code, name="the old secret"), place.aim.valid(code, secret=new, name="the new secret")]
    return judged("rotated_secret", title, place.fire("rotated_secret", shots), lambda item: item.accepted, expected)


def strange_bodies(place: Range) -> ScenarioResult:
    """Rightly signed bodies that are no event: a sender's mistake must not look like the receiver's failure, or the
    event comes again for 15 minutes."""
    aim = place.aim
    shots = [
        aim.raw("an empty body", b""), aim.raw("no JSON", b"\x00\xff{"), aim.raw("a list", b"[1,2]"),
        aim.raw("null", b"null"), aim.raw("no code", b'{"type":"CONNECTION"}'),
        aim.raw("no type", b'{"code":"INITIAL_UPDATE"}'), aim.raw("numbers for names", b'{"type":1,"code":2}'),
        aim.gzipped(),
    ]  # fmt: skip
    return judged("strange_bodies", "signed bodies that are no event", place.fire("strange_bodies", shots),
                  lambda item: not item.broke, "no answer is a 5xx, a redirect or a hang")  # fmt: skip


def content_types(place: Range) -> ScenarioResult:
    """The header that says JSON, in other words."""
    aim = place.aim
    with_charset = aim.source.body(place.pick("BILL_UPDATED"))
    content = compact(with_charset)
    headers = (("Content-Type", "application/json; charset=utf-8"),)
    must = aim.shot("with a charset", with_charset, content, sign(content, aim.secret), headers)
    may = [aim.raw("text/plain", compact(aim.source.body("BILL_UPDATED")), (("Content-Type", "text/plain"),)),
           aim.raw("no content type", compact(aim.source.body("BILL_UPDATED")), ())]  # fmt: skip
    landings = place.fire("content_types", [must, *may])
    return judged("content_types", "other content types", landings,
                  lambda item: item.accepted if item.shot is must else not item.broke,
                  "JSON with a charset is acknowledged, the others are not answered with a 5xx")  # fmt: skip


def huge_body(place: Range) -> ScenarioResult:
    """A body far beyond any event, then a normal one."""
    body = place.aim.source.body(place.pick("BILL_UPDATED"))
    about = body.get(family(str(body["code"])).lower())
    (about if isinstance(about, dict) else body)["memo"] = "x" * HUGE
    content = compact(body)
    huge = place.aim.shot("4 MiB", body, content, sign(content, place.aim.secret))
    after = place.aim.valid(place.pick("INITIAL_UPDATE"), name="the event after it")
    landings = [place.receiver.fire(huge, alone=True), *place.fire("huge_body", [after])]
    return judged("huge_body", "a body of 4 MiB, then a normal one", landings,
                  lambda item: item.accepted if item.shot is after else not item.broke or item.cut_off,
                  "the huge one is acknowledged, refused or cut off; the next one is acknowledged")  # fmt: skip


SIMPLE: tuple[Callable[[Range], ScenarioResult], ...] = (
    spellings, unknown_events, missing_signature, wrong_signature, truncated_signature, hex_signature,
    altered_body, reserialised, rotated_secret, strange_bodies, content_types, huge_body,
)  # fmt: skip
"""Scenarios that statuses decide, in the order they are played."""
