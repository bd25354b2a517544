"""The `proof` fixture: from the exchanges of a drive to the subjects of checks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from harness.checks.aftermath import Bystander, Copied, Foreign
from harness.checks.answers import Answer
from harness.checks.dates import Fresh
from harness.checks.echo import READ_AS
from harness.checks.fields import Rows
from harness.checks.money import Amounts
from harness.checks.oracle import VOLATILE, changed_rows
from harness.checks.paths import values
from harness.checks.queries import Reread
from harness.checks.writes import Held, Untouched, Written
from harness.core import Evidence
from harness.drive import Inconclusive, Walk, Write
from harness.drive.sandbox import SANDBOX, STATELESS
from harness.plan.inputs import UNKNOWN_ID, put
from harness.pytest_plugin.answers import SHAPES
from harness.pytest_plugin.listing import Listing

WRITTEN = ("writes.accepted", "writes.envelope", "writes.accepted_mark", "writes.echo")
AGAIN = 2
"""How often a create that fails with 5xx and leaves nothing behind is sent again."""
SUMS = ("money.number", "money.totals")
COMPUTED = frozenset(
    {"balance_sheets", "cash_flow_statements", "income_statements", "reports", "transactions", "balance", "payouts",
     "commerce_transactions"}
)  # fmt: skip
"""Statements and ledger rows, which the API computes from what others write. Source: [S24] read-only resources;
INFERRED that they follow at once."""
LINE_SUMS = frozenset(
    {"total_amount", "sub_total", "tax_amount", "amount_due", "total_discount", "discount_amount", "total_quantity",
     "remaining_amount", "line_items", "status"}
)  # fmt: skip


class Proof(Listing):
    """One case's way from writes and reads to subjects. Every method only makes exchanges or puts them together; what
    they mean is for the checks to say."""

    def snapshot(self, *, refresh: bool = False) -> Walk:
        """The whole list; ends the case when it cannot be read or has fewer rows than the plans need."""
        earlier = self.drive.session.snapshots.get((self.drive.platform, self.name)) if refresh else None
        walk = self.drive.snapshot(self.name, refresh=refresh)
        if earlier is not None:
            self.steady(earlier, walk)
        if not walk.rows:
            self.judge_list_failure(walk.pages[0])
        if len(walk.rows) < max(1, self.requirement.minimum_rows):
            self.drive.inconclusive(f"{self.name} on {self.case.platform} has {len(walk.rows)} rows: nothing to judge")
        return walk

    def steady(self, earlier: Walk, later: Walk) -> None:
        """Judge that an earlier walk of the whole list left nothing out that the later one has."""
        known, made = earlier.by_id, self.drive.session.made
        more = tuple(row for id, row in later.by_id.items() if id not in known and id not in made)
        if more and earlier.complete:
            ids = (*earlier.evidence_ids[-1:], *later.evidence_ids[-1:])
            self.judge(Reread(*self.base, earlier.rows, more, ids), "queries.steady")

    def changed(self, before: Walk, seen: Sequence[Mapping[str, Any]]) -> tuple[tuple[str, Any, Any], ...]:
        """Where rows differ from those of the list: (path, value there, value here). What the API computes from other
        resources moves with each write to these: there only what differs from the list that is read afterwards too
        counts."""
        found = tuple(changed_rows(before.by_id, seen))
        if not found or self.name not in COMPUTED:
            return found
        paths = {path for path, _, _ in found}
        after = self.snapshot(refresh=True)
        return tuple(item for item in changed_rows(after.by_id, seen) if item[0] in paths)

    def moved(self, before: Walk, seen: Iterable[Mapping[str, Any]]) -> None:
        """Read the whole list again when rows are newer than there: either they were changed meanwhile, or the way
        they were asked for shows them so, which the second reading of the list gives away."""
        known = before.by_id
        if any(row.get("updated_at") != known.get(str(row.get("id")), row).get("updated_at") for row in seen):
            self.snapshot(refresh=True)

    def judge_list_failure(self, page: Evidence) -> None:
        """A list that answers no 200, or not with its key, is a finding of its own; one without rows is none."""
        key = self.described.list_key or self.name
        if self.judge(Answer(*self.base, (page,), key, None, self.described.list_types), "fields.envelope"):
            self.drive.inconclusive(f"the list of {self.name} on {self.case.platform} cannot be read")

    def rows(self, walk: Walk | None = None, paths: Sequence[str] = (), share: float = 0.0) -> Rows:
        """The rows of a walk as a subject."""
        walk = walk or self.snapshot()
        origins = tuple(walk.row_evidence(index) for index in range(len(walk.rows)))
        return Rows(*self.base, self.drive.contract, self.described, walk.rows, origins, tuple(paths), share)

    def foreign(self) -> Rows:
        """The rows that no golive run made, as far as their texts tell: own rows say nothing of the customer's data,
        and where nothing can be deleted they pile up."""
        rows = self.rows()
        kept = [(row, origin) for row, origin in zip(rows.rows, rows.origins, strict=True) if not _own(row)]
        return replace(rows, rows=tuple(row for row, _ in kept), origins=tuple(origin for _, origin in kept))

    def one(self, entity: Mapping[str, Any], evidence: str) -> Rows:
        """One object as a subject of the checks of rows."""
        return Rows(*self.base, self.drive.contract, self.described, (dict(entity),), (evidence,))

    def written(self, write: Write, operation: str, sent: Mapping[str, Any], *, mark: bool = True) -> None:
        """Judge a write that must succeed; ends the case when it did not."""
        key = self.described.item_key if self.described.has("get") else None
        key = self.described.list_key if len(write.entities) > 1 or self.name == "bank_feed_transactions" else key
        parts = self.sent_parts(sent) if operation == "create" else [sent]
        lacking = max(1 if not write.entities else 0, len(parts) - len(write.entities) if write.ok else 0)
        entities: Sequence[Mapping[str, Any] | None] = (*write.entities, *[None] * lacking)
        ids = WRITTEN if mark else tuple(id for id in WRITTEN if id != "writes.accepted_mark")
        for part, entity in zip(parts, entities, strict=False):
            subject = Written(
                *self.base, self.described, operation, part, write.status, write.body, entity, write.evidence, key
            )
            self.judge(subject, *ids)
            if entity is not None and operation == "create":
                self.judge(Fresh(*self.base, entity, self.now(), (write.evidence.id,)), "dates.fresh")
            if entity is not None and self.described.has("get"):
                self.judge(self.one(entity, write.evidence.id), *SHAPES)
                self.summed(entity, write.evidence.id)
        if not write.ok:
            self.drive.inconclusive(f"the {operation} was refused: nothing more to judge")
        if write.id in self.drive.session.strangers:
            self.judge(Foreign(*self.base, write.id, (write.evidence.id,)), "writes.fresh_id")
            self.drive.inconclusive(f"the {operation} answers the id of an older object: it is left alone")

    def summed(self, entity: Mapping[str, Any], evidence: str) -> None:
        """Judge that the amounts of one object are numbers that add up."""
        self.judge(Amounts(*self.base, self.described, (dict(entity),), (evidence,)), *SUMS)

    def create(self, body: Mapping[str, Any] | None = None, **options: Any) -> tuple[Write, dict[str, Any]]:
        """A judged create of `body`, or of the smallest input; the write and what was sent."""
        sent = dict(body) if body is not None else self.drive.minimal_input()
        write = self.attempt(sent, **options)
        self.written(write, "create", sent)
        return write, sent

    def attempt(self, sent: Mapping[str, Any], **options: Any) -> Write:
        """A create as a careful integrator makes it: after a 5xx, whose outcome is not known, the object is looked up;
        when it is there the case ends, when it is not the create is sent again under a new key. Source:
        [D:implementation-guides/handling-errors]."""
        write = self.drive.create(self.name, sent, **options)
        for _ in range(AGAIN):
            if not write.indeterminate or write.job is not None:
                break
            if self.described.supports("list", self.case.platform) and self.appeared(sent)[0]:
                self.drive.inconclusive(
                    f"the create is answered {write.status} and yet done: its outcome was looked up"
                )
            write = self.drive.create(self.name, sent, **{**options, "key": None})
        self.note(write)
        return write

    def refusal(self, sent: Any, **access: Any) -> Write:
        """A create that must be refused; sent again after a 5xx, which is no refusal and may pass."""
        write = self.drive.create(self.name, sent, **access)
        for _ in range(AGAIN):
            if write.indeterminate and write.job is None:
                write = self.drive.create(self.name, sent, **access)
        return write

    def read(self, id: str) -> tuple[dict[str, Any] | None, Evidence]:
        """The object by its id; None when it is not there."""
        answer = self.drive.get(self.name, id)
        return self.item(answer), answer

    def item(self, answer: Evidence) -> dict[str, Any] | None:
        """The object of a single answer; None when there is none in its wrapper."""
        found = answer.body.get(self.described.item_key or "") if answer.ok else None
        if isinstance(found, list) and len(found) == 1 and "array" in self.described.item_types:
            found = found[0]  # the contract wraps this one in a list
        return found if isinstance(found, dict) else None

    def held(self, sent: Mapping[str, Any], id: str, *, in_list: bool = False) -> dict[str, Any] | None:
        """Judge that what was sent is read by id (and in the list); the object as it was read. Ends the case where
        nothing that is written is kept."""
        if self.drive.session.world.target.name == SANDBOX:
            self.drive.inconclusive(STATELESS)
        seen, answer = self.read(id)
        ids = ("roundtrip.found", "roundtrip.persisted")
        self.judge(Held(*self.base, self.described, sent, seen, "the object read by its id", (answer.id,)), *ids)
        if seen is not None:
            self.summed(seen, answer.id)
        if in_list and self.described.supports("list", self.case.platform):
            row, evidence = self.listed(id)
            self.judge(Held(*self.base, self.described, sent, row, "the list", evidence[-2:]), *ids)
        return seen

    def workpiece(self) -> str:
        """The id of an object that this run made, for cases that change it one after the other. It has every optional
        input that stands on its own, so that an update which loses one is noticed; where the platform does not take
        them together, none."""
        place = (self.case.platform, self.name)
        known = self.drive.session.workpieces.get(place)
        if known is None:
            with self.drive.session.script.chapter(f"workpiece/{self.name}"):
                known = self.drive.session.workpieces[place] = self.filled()
        return known

    def filled(self) -> str:
        """The id of a new object with every optional input that stands on its own, or with none where these are
        refused together."""
        id = self._full() or self.create()[0].id
        if id is None:
            self.drive.inconclusive("the create answers no id: nothing to change")
        return id

    def _full(self) -> str | None:
        """The id of an object with all inputs; None when it is refused: each on its own has a case."""
        template = dict(self.requirement.create_input or {})
        for path, value in self.requirement.optional_inputs.items():
            if not (isinstance(value, dict) and "$together" in value) and not path.startswith("linked_"):
                template = put(template, path, value)
        try:
            sent = self.drive.fill(template)
        except Inconclusive:
            return None
        write = self.attempt(sent)
        if write.ok:
            self.written(write, "create", sent)
        return write.id

    def other(self, resource: str, id: str) -> tuple[dict[str, Any], str]:
        """(An object of another resource, the evidence); ends the case when it cannot be read."""
        answer = self.drive.get(resource, id)
        found = answer.body.get(self.drive.contract.resource(resource).item_key or "") if answer.ok else None
        if not isinstance(found, dict):
            self.drive.inconclusive(f"{resource} {id} cannot be read")
        return found, answer.id

    def before(self, id: str | None) -> dict[str, Any]:
        """The object as it is now; ends the case when it cannot be read."""
        seen = self.read(id)[0] if id is not None else None
        if seen is None:
            self.drive.inconclusive("the created object cannot be read")
        return seen

    def updated(
        self,
        id: str,
        before: Mapping[str, Any],
        sent: Mapping[str, Any],
        *,
        in_list: bool = False,
        otherwise: Mapping[str, Any] | None = None,
    ) -> dict[str, Any] | None:
        """A judged PATCH: accepted, echoed, stored, and nothing else changed. `otherwise` is sent when `sent`, which a
        platform may refuse, is refused."""
        write = self.drive.update(self.name, id, sent)
        for _ in range(AGAIN):  # what it sets is the same each time, so that it can be sent again
            if write.indeterminate and write.job is None:
                write = self.drive.update(self.name, id, sent)
        if otherwise is not None and otherwise != sent and write.status is not None and 400 <= write.status < 500:
            sent, write = otherwise, self.drive.update(self.name, id, otherwise)
        return self.settled(write, id, before, sent, in_list=in_list)

    def settled(
        self, write: Write, id: str, before: Mapping[str, Any], sent: Mapping[str, Any], *, in_list: bool = False
    ) -> dict[str, Any] | None:
        """Judge a PATCH that was sent; the object as it is read after it."""
        self.written(write, "update", sent)
        after = self.held(sent, id, in_list=in_list)
        if after is None:
            return None
        if in_list:
            self.bystanders(id, sent)
        self.judge(
            Untouched(*self.base, before, after, self.touched(sent), "the object read by its id", (write.evidence.id,)),
            "roundtrip.untouched",
            "roundtrip.updated_at",
        )
        if write.entity is not None and write.job is None:  # what a job holds is as old as its end
            self.judge(
                Untouched(
                    *self.base,
                    write.entity,
                    after,
                    self.unread(write.entity),
                    "the read after the answer",
                    (write.evidence.id,),
                ),
                "roundtrip.untouched",
            )
        return after

    def bystanders(self, id: str, sent: Mapping[str, Any]) -> None:
        """Judge that an update made no object, and left no trace in those that the list shows and cases read before."""
        walk = self.looked_at
        if walk is None:
            return
        if copies := self.copies(sent, walk):
            self.judge(Copied(*self.base, copies, walk.evidence_ids[:1]), "roundtrip.copied")
        for other, row in walk.by_id.items():
            before = self.drive.session.sightings.last(self.case.platform, self.name, other)
            if other != id and before is not None and before.get("updated_at") != row.get("updated_at"):
                self.judge(
                    Bystander(*self.base, self.described, other, sent, before, row, walk.evidence_ids[:1]),
                    "roundtrip.bystander",
                )

    def unread(self, answered: Mapping[str, Any]) -> frozenset[str]:
        """What the answer of a write may have and a read has not: what only `expand` adds to reads, and what the
        contract declares for the answer alone (`duplicate` of a bank feed's transaction)."""
        return frozenset({"platform_data", *(name for name in answered if name not in self.described.fields)})

    def touched(self, sent: Mapping[str, Any]) -> frozenset[str]:
        """The top-level fields that an update may change: those it names, and what follows from them."""
        names = {READ_AS.get(self.name, {}).get(name, name).partition(".")[0].removesuffix("[]") for name in sent}
        names |= set(sent.get("additional_fields") or ())
        if names & {"line_items", "total_amount", "status", "discount_amount"} or any(
            name.startswith("linked_") for name in names
        ):
            names |= LINE_SUMS
        if "vendor_name" in names or "customer_name" in names or "contact_name" in names:
            names |= {"display_name"}
        return frozenset(names | VOLATILE)

    def read_path(self, path: str) -> str:
        """The name that the returned object has for an input."""
        return READ_AS.get(self.name, {}).get(path, path)

    def sent_and_seen(self, sent: Mapping[str, Any], seen: Mapping[str, Any], where: str, evidence: str) -> Held:
        """What was sent beside what was seen."""
        return Held(*self.base, self.described, sent, seen, where, (evidence,))

    def with_value(self, body: Mapping[str, Any], path: str, value: Any) -> dict[str, Any]:
        """A copy of `body` with `value` at `path`."""
        return put(dict(body), path, value)

    def broken_reference(self, path: str) -> dict[str, Any]:
        """The smallest create with an id that no object has, in the form of the real one."""
        body = self.drive.minimal_input()
        return self.with_value(body, path, UNKNOWN_ID)

    def now(self) -> datetime:
        """The moment of judging, UTC."""
        return self.drive.session.clock.now().astimezone(UTC)


OWN_TEXTS = ("golive", "changed ", "GL-", "GLC-", "00GLC-")
"""How the texts begin that inputs of golive hold. Source: harness.plan.values and the shipped plans."""


def _own(row: Mapping[str, Any]) -> bool:
    held = [*row.values(), *values(row, "line_items[].description")]
    texts = [value for value in held if isinstance(value, str)]
    return any(text.casefold().startswith(OWN_TEXTS[0]) or text.startswith(OWN_TEXTS[1:]) for text in texts)
