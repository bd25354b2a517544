"""How an integration backend treats tokens, connections and webhooks. Judged by what it shows over HTTP."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from harness.checks.registry import Observation, Subject, check
from harness.core import Secret
from harness.core.spellings import forms
from harness.core.unwrapping import hides, tokens, unpacked

REFUSED = range(400, 500)
SUCCESS = range(200, 300)
ENOUGH = 0.95


@dataclass(frozen=True, slots=True)
class Exchanged(Subject):
    """One public token handed over several times: (status, connection id) of each; the connections that the backend
    lists of it; `made` is the id that the API gave the connection."""

    answers: tuple[tuple[int | None, str | None], ...]
    listed: int
    made: str
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Worthless(Subject):
    """A public token that the API does not take: `kind` says why; the connections listed before and after."""

    kind: str
    status: int | None
    before: int
    after: int
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shown(Subject):
    """Everything that a backend showed and wrote, by where it stands, and the secrets that must not be in it."""

    places: Mapping[str, bytes] = field(repr=False)
    secrets: tuple[tuple[str, Secret], ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class State(Subject):
    """The health of a connection: what the API says, the words that mean it, the word that the backend shows, the
    seconds that were allowed, and what else has to hold by then, with whether it does."""

    api: str
    words: tuple[str, ...]
    seen: str | None
    seconds: float
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Removed(Subject):
    """What is left of a connection that was disconnected."""

    status: int | None
    listed: bool
    rows: int
    at_api: bool
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Forged(Subject):
    """A webhook with a signature that is wrong in the way `kind` says: its answer, and whether it had an effect."""

    kind: str
    status: int | None
    effect: bool
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Burst(Subject):
    """Rightly signed webhooks, many at once: the status and the seconds of each; what waited in the queue at the end of
    patience, None when the backend does not tell."""

    answers: tuple[tuple[int | None, float], ...]
    allowed: float
    waiting: float | None
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Observed(Subject):
    """The status of the health address, and the metrics as text with their status; None for what is not offered."""

    health: int | None
    metrics: tuple[int | None, str] | None
    evidence: tuple[str, ...]


@check("backend.token_once")
def token_once(subject: Exchanged) -> Iterator[Observation]:
    """A public token that the browser hands over twice makes one connection, and each answer names it or says that it
    is under way: `onSuccess` may fire twice. Source: [LB], implementation checklist step 3."""
    wrong = [item for item in subject.answers if item[0] not in SUCCESS or item[1] not in {subject.made, None}]
    if wrong or not any(id == subject.made for _, id in subject.answers):
        yield Observation("a public token that is handed over again is not answered with its connection",
                          "a success that names the one connection", str(wrong or subject.answers), None,
                          subject.evidence)  # fmt: skip
    if subject.listed != 1:
        yield Observation("a public token did not make exactly one connection", "1 connection listed",
                          str(subject.listed), None, subject.evidence)  # fmt: skip


@check("backend.token_refused")
def token_refused(subject: Worthless) -> Iterator[Observation]:
    """A public token that the API does not take (made up, expired) makes no connection, and the browser is told so with
    a 4xx: any script can post one. Source: [S24] token exchange, implementation checklist step 3."""
    if subject.status not in REFUSED:
        yield Observation(f"a public token that is {subject.kind} is not refused", "a 4xx", str(subject.status), None,
                          subject.evidence)  # fmt: skip
    if subject.after > subject.before:
        yield Observation(f"a public token that is {subject.kind} made a connection", f"{subject.before} connections",
                          str(subject.after), None, subject.evidence)  # fmt: skip


@check("backend.token_secret")
def token_secret(subject: Shown) -> Iterator[Observation]:
    """No token, key or client secret is in what the backend shows or writes, in any encoding: access tokens are stored
    encrypted and never leave the server. Source: implementation checklist step 5, Manage Tokens."""
    for place, content in subject.places.items():
        body = unpacked(content)
        for kind in _leaked(body, subject.secrets):
            yield Observation(f"the {kind.replace('_', ' ')} is in {place}", "no secret in any encoding",
                              "a secret, not shown here", None)  # fmt: skip


@check("backend.state")
def state(subject: State) -> Iterator[Observation]:
    """The backend shows what the API tells of a connection's health (working, needs re-authentication, disabled) soon
    after the connection webhook. Source: implementation checklist step 5, Manage connections; [H:3136102942]."""
    if subject.seen not in subject.words:
        yield Observation(f"a connection that the API calls {subject.api} is shown otherwise after "
                          f"{subject.seconds:.0f} s", " or ".join(subject.words), str(subject.seen), None,
                          subject.evidence)  # fmt: skip


@check("backend.removed")
def removed(subject: Removed) -> Iterator[Observation]:
    """After a disconnect the connection is gone at the API and in the backend, with all its data. Source:
    implementation checklist step 5, Update and delete connections; [S24] DELETE /connections/{id}."""
    seen = [text for text, wrong in (
        (f"the disconnect was answered {subject.status}", subject.status not in {*SUCCESS, 302, 303}),
        ("the backend still lists it", subject.listed),
        (f"{subject.rows} rows of it are still shown", subject.rows > 0),
        ("the API still has it", subject.at_api),
    ) if wrong]  # fmt: skip
    if seen:
        yield Observation("a disconnect left something behind", "nothing of the connection", "; ".join(seen), None,
                          subject.evidence)  # fmt: skip


@check("backend.forged")
def forged(subject: Forged) -> Iterator[Observation]:
    """A webhook whose signature is missing or wrong is refused with a 4xx and has no effect. Source:
    [D:implementation-guides/webhooks]."""
    if subject.status not in REFUSED:
        yield Observation(f"a webhook whose signature is {subject.kind} is not refused", "a 4xx", str(subject.status),
                          None, subject.evidence)  # fmt: skip
    if subject.effect:
        yield Observation(f"a webhook whose signature is {subject.kind} had an effect", "no effect",
                          "the object that it called deleted is gone", None, subject.evidence)  # fmt: skip


@check("backend.queue")
def queue(subject: Burst) -> Iterator[Observation]:
    """Webhooks are acknowledged at once and worked off behind: in a burst every one is answered with a success, 95 of
    100 within the time of the plan, and the queue runs empty. Source: implementation checklist step 5, worker queue."""
    refused = [status for status, _ in subject.answers if status not in SUCCESS]
    if refused:
        yield Observation(f"{len(refused)} of {len(subject.answers)} webhooks of a burst are not acknowledged",
                          "a success for each", str(sorted({str(status) for status in refused})), None,
                          subject.evidence)  # fmt: skip
    slow = percentile([passed for _, passed in subject.answers], ENOUGH)
    if slow > subject.allowed:
        yield Observation("webhooks are acknowledged late", f"95 of 100 within {subject.allowed:g} s", f"{slow:.2f} s",
                          None, subject.evidence)  # fmt: skip
    if subject.waiting:
        yield Observation("the queue of webhooks does not run empty", "0 waiting", f"{subject.waiting:g} waiting", None,
                          subject.evidence)  # fmt: skip


@check("backend.observable")
def observable(subject: Observed) -> Iterator[Observation]:
    """The backend says whether it is well with a 200, and shows metrics that a monitor can read (Prometheus text).
    Source: implementation checklist steps 5 and 6, monitoring."""
    if subject.health is not None and subject.health != 200:
        yield Observation("the health address of a backend that works is no 200", "200", str(subject.health), None,
                          subject.evidence)  # fmt: skip
    if subject.metrics is not None:
        status, text = subject.metrics
        if status != 200 or not samples(text):
            yield Observation("the metrics cannot be read", "200 with samples as Prometheus text",
                              f"{status}, {len(samples(text))} samples", None, subject.evidence)  # fmt: skip


def samples(text: str) -> dict[str, float]:
    """The samples of a Prometheus text, by name with labels; lines that are none are left out."""
    found: dict[str, float] = {}
    for line in text.splitlines():
        name, _, value = line.strip().rpartition(" ")
        if name and not line.startswith("#"):
            try:
                found[name] = float(value)
            except ValueError:
                continue
    return found


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest rank: always a measured value; infinite without any."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else math.inf


def _leaked(body: bytes, secrets: Sequence[tuple[str, Secret]]) -> list[str]:
    """The kinds of the secrets that stand in a body, as they are or encoded."""
    plain = [(kind, secret.reveal().encode()) for kind, secret in secrets]
    found = [kind for kind, secret in secrets if any(form.encode() in body for form in forms(secret.reveal()))]
    hiding: list[str] = []

    def holds(inner: bytes) -> bool:
        hiding.extend(kind for kind, value in plain if value in inner)
        return bool(hiding)

    for token in set(tokens(body)):
        hides(token, holds)
    return sorted({*found, *hiding})
