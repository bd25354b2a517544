"""The `proof` fixture: from the exchanges of a drive to the subjects of checks."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from harness.checks.answers import Answer
from harness.checks.echo import READ_AS, missing_of
from harness.checks.fields import Rows
from harness.checks.oracle import VOLATILE, millis
from harness.checks.writes import Held, Untouched, Written
from harness.contract import Resource
from harness.core import Evidence
from harness.drive import Drive, Walk, Write
from harness.plan.case import Case, Requirement
from harness.plan.inputs import UNKNOWN_ID, put
from harness.pytest_plugin.answers import SHAPES
from harness.pytest_plugin.caserun import Judge

WRITTEN = ("writes.accepted", "writes.envelope", "writes.accepted_mark", "writes.echo")
NEWEST = 30
WHOLE = 500
LINE_SUMS = frozenset(
    {"total_amount", "sub_total", "tax_amount", "amount_due", "total_discount", "discount_amount", "total_quantity",
     "remaining_amount", "line_items", "status"}
)  # fmt: skip


class Proof:
    """One case's way from writes and reads to subjects. Every method only makes exchanges or puts them together; what
    they mean is for the checks to say."""

    def __init__(self, drive: Drive, case: Case, judge: Judge) -> None:
        self.drive = drive
        self.case = case
        self.judge = judge

    @property
    def base(self) -> tuple[str, str | None, str | None]:
        """The first three values of every subject."""
        return self.case.id, self.case.platform, self.case.resource

    @property
    def described(self) -> Resource:
        """The contract's word on the case's resource."""
        return self.drive.contract.resource(self.name)

    @property
    def name(self) -> str:
        """The case's resource."""
        assert self.case.resource is not None
        return self.case.resource

    @property
    def requirement(self) -> Requirement:
        """What the plans ask of the resource."""
        found = self.drive.requirement
        assert found is not None
        return found

    def snapshot(self, *, refresh: bool = False) -> Walk:
        """The whole list; ends the case when it cannot be read or has fewer rows than the plans need."""
        walk = self.drive.snapshot(self.name, refresh=refresh)
        if not walk.rows:
            self.judge_list_failure(walk.pages[0])
        if len(walk.rows) < max(1, self.requirement.minimum_rows):
            self.drive.inconclusive(f"{self.name} on {self.case.platform} has {len(walk.rows)} rows: nothing to judge")
        return walk

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

    def sent_parts(self, body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """What each object of a write was sent as: several for a bulk write."""
        if self.name == "bank_feed_transactions":
            rest = {"bank_feed_account_id": body.get("bank_feed_account_id")}
            return [{**rest, **part} for part in body.get("transactions", ())]
        return [body]

    def written(self, write: Write, operation: str, sent: Mapping[str, Any], *, mark: bool = True) -> None:
        """Judge a write that must succeed; ends the case when it did not."""
        key = self.described.item_key if self.described.has("get") else None
        key = self.described.list_key if len(write.entities) > 1 or self.name == "bank_feed_transactions" else key
        parts = self.sent_parts(sent) if operation == "create" else [sent]
        entities: Sequence[Mapping[str, Any] | None] = write.entities or (None,)
        ids = WRITTEN if mark else tuple(id for id in WRITTEN if id != "writes.accepted_mark")
        for part, entity in zip(parts, entities, strict=False):
            subject = Written(
                *self.base, self.described, operation, part, write.status, write.body, entity, write.evidence, key
            )
            self.judge(subject, *ids)
            if entity is not None and self.described.has("get"):
                self.judge(self.one(entity, write.evidence.id), *SHAPES)
        if not write.ok:
            self.drive.inconclusive(f"the {operation} was refused: nothing more to judge")

    def create(self, body: Mapping[str, Any] | None = None, **options: Any) -> tuple[Write, dict[str, Any]]:
        """A judged create of `body`, or of the smallest input; the write and what was sent."""
        sent = dict(body) if body is not None else self.drive.minimal_input()
        write = self.drive.create(self.name, sent, **options)
        self.note(write)
        self.written(write, "create", sent)
        return write, sent

    def read(self, id: str) -> tuple[dict[str, Any] | None, Evidence]:
        """The object by its id; None when it is not there."""
        answer = self.drive.get(self.name, id)
        return self.item(answer), answer

    def item(self, answer: Evidence) -> dict[str, Any] | None:
        """The object of a single answer; None when there is none in its wrapper."""
        found = answer.body.get(self.described.item_key or "") if answer.ok else None
        return found if isinstance(found, dict) else None

    def listed(self, id: str) -> tuple[dict[str, Any] | None, tuple[str, ...]]:
        """The object's row in the list; the newest rows are looked at first, then all."""
        walk = self.newest()
        found = walk.by_id.get(id)
        if found is None:
            walk = self.drive.walk(self.name, **({"limit": WHOLE} if self.described.is_paged else {}))
            found = walk.by_id.get(id)
        return found, walk.evidence_ids

    def newest(self) -> Walk:
        """The rows that changed last: by sort, else by window, else the whole list."""
        parameters = self.described.operations["list"].parameters
        sort = parameters.get("sort")
        if sort is not None and sort.on(self.case.platform) and "updated_at" in self.described.fields:
            return self.drive.walk(self.name, max_pages=1, limit=NEWEST, sort="updated_at DESC")
        window = parameters.get("updated_at_min")
        latest = max(
            filter(None, (millis(row.get("updated_at")) for row in self.drive.snapshot(self.name).rows)), default=0
        )
        if latest and window is not None and window.on(self.case.platform) and self.described.is_paged:
            return self.drive.walk(self.name, updated_at_min=latest, limit=WHOLE)
        return self.drive.walk(self.name, **({"limit": WHOLE} if self.described.is_paged else {}))

    def known(self) -> set[str]:
        """Ids that the list had, or that this worker made, before what a case does next."""
        place = (self.case.platform, self.name)
        if place not in self.drive.session.known:
            self.drive.session.known[place] = set(self.drive.snapshot(self.name).by_id) | set(self.newest().by_id)
        return self.drive.session.known[place]

    def note(self, write: Write) -> None:
        """What a write made is no news from now on."""
        if self.described.supports("list", self.case.platform):
            self.known().update(entity["id"] for entity in write.entities if isinstance(entity.get("id"), str))

    def appeared(self, sent: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """(ids of rows like `sent` that were not there before, evidence): what writes really made."""
        known = self.known()
        walk = self.newest()
        fresh = {id: row for id, row in walk.by_id.items() if id not in known}
        known.update(fresh)
        parts = self.sent_parts(sent)
        alike = [id for id, row in fresh.items() if any(self._alike(part, row) for part in parts)]
        for id in alike:
            self.drive.adopt(self.name, id)
        return tuple(alike), walk.evidence_ids

    def _alike(self, sent: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
        """Whether a new row can come from `sent`: somebody else may write at the same time. A buggy write may have
        changed some of it, so one matching input is enough."""
        wrong = {path.partition(".")[0].removesuffix("[]") for path, _, _ in self.missing(sent, row)}
        return len(wrong) < max(1, len(sent))

    def missing(self, sent: Mapping[str, Any], seen: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
        """Where an object lacks what was sent."""
        return missing_of(self.described, self.case.platform, sent, seen)

    def held(self, sent: Mapping[str, Any], id: str, *, in_list: bool = False) -> dict[str, Any] | None:
        """Judge that what was sent is read by id (and in the list); the object as it was read."""
        seen, answer = self.read(id)
        ids = ("roundtrip.found", "roundtrip.persisted")
        self.judge(Held(*self.base, self.described, sent, seen, "the object read by its id", (answer.id,)), *ids)
        if in_list and self.described.supports("list", self.case.platform):
            row, evidence = self.listed(id)
            self.judge(Held(*self.base, self.described, sent, row, "the list", evidence[-2:]), *ids)
        return seen

    def workpiece(self) -> str:
        """The id of an object that this run made, for cases that change it one after the other."""
        place = (self.case.platform, self.name)
        known = self.drive.session.workpieces.get(place)
        if known is None:
            write, _ = self.create()
            if write.id is None:
                self.drive.inconclusive("the create answers no id: nothing to change")
            known = self.drive.session.workpieces[place] = write.id
        return known

    def updated(
        self, id: str, before: Mapping[str, Any], sent: Mapping[str, Any], *, in_list: bool = False
    ) -> dict[str, Any] | None:
        """A judged PATCH: accepted, echoed, stored, and nothing else changed."""
        write = self.drive.update(self.name, id, sent)
        self.written(write, "update", sent)
        after = self.held(sent, id, in_list=in_list)
        if after is not None:
            touched = self.touched(sent)
            _, answer = after, write.evidence
            self.judge(
                Untouched(*self.base, before, after, touched, "the object read by its id", (answer.id,)),
                "roundtrip.untouched",
                "roundtrip.updated_at",
            )
            if write.entity is not None:
                same = frozenset({"platform_data"})
                self.judge(
                    Untouched(*self.base, write.entity, after, same, "the read after the answer", (answer.id,)),
                    "roundtrip.untouched",
                )
        return after

    def touched(self, sent: Mapping[str, Any]) -> frozenset[str]:
        """The top-level fields that an update may change: those it names, and what follows from them."""
        names = {READ_AS.get(self.name, {}).get(name, name).partition(".")[0].removesuffix("[]") for name in sent}
        if names & {"line_items", "total_amount", "status"} or any(name.startswith("linked_") for name in names):
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


OWN_TEXTS = ("golive", "changed ", "GL-", "GLC-")
"""How the texts begin that inputs of golive hold. Source: harness.plan.values and the shipped plans."""


def _own(row: Mapping[str, Any]) -> bool:
    texts = [value for value in row.values() if isinstance(value, str)]
    texts += [
        line["description"]
        for line in row.get("line_items") or ()
        if isinstance(line, dict) and line.get("description")
    ]
    return any(text.casefold().startswith(OWN_TEXTS[0]) or text.startswith(OWN_TEXTS[1:]) for text in texts)
