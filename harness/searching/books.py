"""A model of the ledger: plays steps on a target and holds it, after every step, against what must be there.

The model knows only what the API told it: an object is what its create answered, an update changes what it names, a
payment takes its amount off, a delete takes the object away, and nothing else happens. Steps are data, so that a
sequence that was found once can be saved and played again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any

from harness.checks.echo import missing_of
from harness.checks.oracle import VOLATILE
from harness.checks.paths import differences, exact
from harness.core import Evidence
from harness.drive import Drive, Write
from harness.plan.areas.roundtrip import LINKS
from harness.plan.case import Requirement
from harness.plan.steps import Step

MOST_WATCHED = 3
"""Other objects that are read again after a step: what it must not touch."""

LIST_LIMIT = 500
PAYMENT = "1.25"
GONE = frozenset({404, 410})
FOLLOWS = frozenset(
    {"total_amount", "sub_total", "tax_amount", "amount_due", "status", "line_items", "linked_payments", "display_name",
     "linked_credit_memos", "remaining_amount", *VOLATILE}
)  # fmt: skip
"""Fields that may follow from another one of the same object."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Where the target left the model: after the last of `steps`, at `place`."""

    steps: tuple[Step, ...]
    place: str
    expected: str
    seen: str
    evidence: tuple[str, ...]


@dataclass
class Kept:
    """An object as the model knows it. `paid` are ids of payments and amounts; `key` and `body` are of its create."""

    id: str
    row: dict[str, Any]
    key: str
    body: Mapping[str, Any]
    alive: bool = True
    paid: dict[str, Decimal] = field(default_factory=dict)


class Disagrees(Exception):
    """Ends a sequence; carries what was found."""

    def __init__(self, found: Disagreement) -> None:
        super().__init__(found.place)
        self.found = found


class Books:
    """Plays steps of one resource on one platform through a drive."""

    def __init__(self, drive: Drive, requirement: Requirement) -> None:
        self.drive = drive
        self.name = requirement.resource
        self.described = drive.contract.resource(self.name)
        self.requirement = requirement
        self.objects: list[Kept] = []
        self.steps: list[Step] = []
        self._payer = next((name for name, link in LINKS.items() if link[0] == self.name and "payment" in name), None)

    @property
    def words(self) -> tuple[str, ...]:
        """The steps that this resource knows on this platform."""
        words = ["create", "replay", "list", "together"]
        if self.requirement.changes:
            words.append("update")
        if self.requirement.delete:
            words.append("delete")
        if self.requirement.filter:
            words.append("filter")
        if self._payer and self.drive.session.requirements.get((self.drive.platform, self._payer)):
            words += ["pay", "unpay"]
        return tuple(words)

    def fields(self, word: str) -> tuple[str, ...]:
        """The fields among which a step of that word chooses; none for most."""
        if word == "update":
            return tuple(sorted(self.requirement.changes or ()))
        return self.requirement.filter if word == "filter" else ()

    def play(self, step: Step) -> None:
        """One step, and everything that must be true after it. Raises Disagrees."""
        self.steps.append(step)
        actions: Mapping[str, Callable[[Step], Kept | None]] = {
            "create": lambda _: self._create(), "update": self._update, "delete": self._delete, "replay": self._replay,
            "list": lambda _: self._list(), "filter": self._filter, "pay": self._pay, "unpay": self._unpay,
            "together": lambda _: self._together(),
        }  # fmt: skip
        touched = actions[step.do](step)
        others = [item for item in self.objects if item is not touched][-MOST_WATCHED:]
        for item in others:
            self._hold(item, "an object that the step does not name")

    def chosen(self, step: Step, *, alive: bool = True) -> Kept | None:
        """The object that a step names; None when there is none."""
        found = [item for item in self.objects if item.alive or not alive]
        return found[step.object % len(found)] if found else None

    def _create(self) -> Kept:
        body, key = self.drive.minimal_input(), self.drive.uuid()
        return self._keep(self.drive.create(self.name, body, key=key), body, key)

    def _keep(self, write: Write, body: Mapping[str, Any], key: str) -> Kept:
        if not write.ok or write.id is None or write.entity is None:
            raise self._wrong(
                "the answer of the create", "200 and an object with an id", str(write.status), write.evidence
            )
        kept = Kept(write.id, dict(write.entity), key, body)
        lost = missing_of(self.described, self.drive.platform, body, write.entity)
        if lost:
            path, sent, seen = lost[0]
            raise self._wrong(f"{path} of the created object", str(sent), str(seen), write.evidence)
        self.objects.append(kept)
        self._hold(kept, "the created object")
        return kept

    def _update(self, step: Step) -> Kept | None:
        kept = self.chosen(step)
        changes = self.drive.fill(dict(self.requirement.changes or {}))
        if kept is None or step.field not in changes:
            return None
        name = step.field
        write = self.drive.update(self.name, kept.id, {name: changes[name]})
        if not write.ok:
            return kept  # some fields cannot be changed alone, or after a payment: refused, and nothing may move
        row, evidence = self._read(kept)
        lost = missing_of(self.described, self.drive.platform, {name: changes[name]}, row)
        if lost:
            path, sent, seen = lost[0]
            raise self._wrong(f"{path} after the update", str(sent), str(seen), evidence)
        self._compare(kept, row, evidence, "after the update", allowed=FOLLOWS | {name, self._read_as(name)})
        kept.row = row
        return kept

    def _read_as(self, name: str) -> str:
        return name.partition(".")[0].removesuffix("[]")

    def _delete(self, step: Step) -> Kept | None:
        kept = self.chosen(step)
        if kept is None or kept.paid:
            return None
        write = self.drive.delete(self.name, kept.id)
        if write.ok:
            kept.alive = False
            self._hold(kept, "the deleted object")
        return kept

    def _replay(self, step: Step) -> Kept | None:
        kept = self.chosen(step, alive=False)
        if kept is None:
            return None
        write = self.drive.create(self.name, kept.body, key=kept.key)
        if write.id != kept.id:
            raise self._wrong("the answer to a repeated key", f"the object {kept.id}", str(write.id), write.evidence)
        return kept

    def _together(self) -> Kept | None:
        """Two writers at once, each with a key of its own: two objects, each as it was sent."""
        orders = [(self.drive.minimal_input(), self.drive.uuid()) for _ in range(2)]
        writes = self.drive.together([partial(self.drive.create, self.name, body, key=key) for body, key in orders])
        if writes[0].ok and writes[0].id == writes[1].id:
            raise self._wrong("two creates at once", "two objects", f"both are {writes[0].id}", writes[1].evidence)
        for write, (body, key) in zip(writes, orders, strict=True):
            self._keep(write, body, key)
        return None

    def _list(self) -> None:
        self._held_by({}, lambda item: item.alive, "the list")

    def _filter(self, step: Step) -> None:
        name = step.field
        kept = self.chosen(step)
        value = kept.row.get(name) if kept else None
        if not isinstance(value, str) or not value or '"' in value:
            return
        query = {"filter": f'{name}="{value}"'}
        self._held_by(
            query, lambda item: item.alive and item.row.get(name) == value, f'the list filtered by {name}="{value}"'
        )

    def _held_by(self, query: Mapping[str, str], wanted: Callable[[Kept], bool], where: str) -> None:
        asked: dict[str, Any] = {**({"limit": LIST_LIMIT} if self.described.is_paged else {}), **query}
        walk = self.drive.walk(self.name, **asked)
        there = walk.by_id
        for item in self.objects:
            if (item.id in there) is not wanted(item):
                told = "is in it" if wanted(item) else "is not in it"
                raise self._wrong(where, f"{item.id} {told}", "the opposite", walk.pages[-1])
            if item.id in there:
                self._compare(item, there[item.id], walk.pages[-1], f"in {where}")

    def _pay(self, step: Step) -> Kept | None:
        kept = self.chosen(step)
        due = exact(kept.row.get("amount_due")) if kept else None
        if kept is None or self._payer is None or due is None or due < Decimal(PAYMENT) * 2:
            return None
        _, links, amount, _ = LINKS[self._payer]
        body = self.drive.minimal_input(self._payer)
        body[links] = [{**body[links][0], "id": kept.id, amount: _like(body[links][0][amount])}]
        for whose in ("vendor_id", "customer_id"):
            if whose in body and kept.row.get(whose):
                body[whose] = kept.row[whose]
        write = self.drive.create(self._payer, body)
        if not write.ok or write.id is None:
            return kept
        kept.paid[write.id] = Decimal(PAYMENT)
        self._owes(kept, due - Decimal(PAYMENT), "after the payment")
        return kept

    def _unpay(self, step: Step) -> Kept | None:
        kept = self.chosen(step)
        payer = self.drive.session.requirements.get((self.drive.platform, self._payer or ""))
        if kept is None or not kept.paid or payer is None or not payer.delete:
            return None
        due = exact(kept.row.get("amount_due")) or Decimal(0)
        payment, amount = next(iter(kept.paid.items()))
        if self.drive.delete(payer.resource, payment).ok:
            del kept.paid[payment]
            self._owes(kept, due + amount, "after the payment was deleted")
        return kept

    def _owes(self, kept: Kept, due: Decimal, when: str) -> None:
        row, evidence = self._read(kept)
        if exact(row.get("amount_due")) != due:
            raise self._wrong(f"amount_due {when}", str(due), str(row.get("amount_due")), evidence)
        self._compare(kept, row, evidence, when, allowed=FOLLOWS)
        kept.row = row

    def _hold(self, kept: Kept, what: str) -> None:
        """What is alive reads as it is known, what is deleted is gone."""
        answer = self.drive.get(self.name, kept.id)
        if not kept.alive:
            if answer.status not in GONE:
                raise self._wrong(what, "404 or 410", str(answer.status), answer)
            return
        row, evidence = self._read(kept, answer)
        self._compare(kept, row, evidence, f"of {what}")
        kept.row = row

    def _read(self, kept: Kept, answer: Evidence | None = None) -> tuple[dict[str, Any], Evidence]:
        answer = answer or self.drive.get(self.name, kept.id)
        row = answer.body.get(self.described.item_key or "") if answer.ok else None
        if not isinstance(row, dict):
            raise self._wrong(f"{self.name} {kept.id}", "200 and the object", str(answer.status), answer)
        return row, answer

    def _compare(
        self, kept: Kept, row: Mapping[str, Any], evidence: Evidence, when: str, allowed: frozenset[str] = VOLATILE
    ) -> None:
        known = {name: value for name, value in kept.row.items() if name not in allowed}
        seen = {name: value for name, value in row.items() if name not in allowed}
        for path, before, after in differences(known, seen):
            raise self._wrong(f"{path} {when}", str(before), str(after), evidence)

    def _wrong(self, place: str, expected: str, seen: str, evidence: Evidence) -> Disagrees:
        return Disagrees(Disagreement(tuple(self.steps), place, expected, seen, (evidence.id,)))


def _like(before: Any) -> Any:
    """An amount in the form that the link had: text or number."""
    return PAYMENT if isinstance(before, str) else float(PAYMENT)
