"""Finding in lists what a case made: the newest rows, what appeared, what must not be there again."""

from collections.abc import Mapping
from typing import Any

from harness.checks.aftermath import Risen
from harness.checks.echo import missing_of
from harness.checks.oracle import millis
from harness.checks.paths import is_empty
from harness.contract import Resource
from harness.drive import Drive, Walk, Write
from harness.plan.case import Case, Requirement
from harness.pytest_plugin.caserun import Judge

NEWEST = 30
TELLING = 20
"""Characters from which on a text that an update sends is found again by it."""
WHOLE, SAFE = 500, 100
"""Rows asked for at once, and how many where that many are refused: the largest limit is UNKNOWN."""


class Listing:
    """What a proof knows of its resource's list. Every method only makes exchanges or puts them together."""

    def __init__(self, drive: Drive, case: Case, judge: Judge) -> None:
        self.drive = drive
        self.case = case
        self.judge = judge
        self.looked_at: Walk | None = None
        """The walk that `listed` made last."""

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

    def listed(self, id: str) -> tuple[dict[str, Any] | None, tuple[str, ...]]:
        """The object's row in the list; the newest rows are looked at first, then all."""
        walk = self.newest()
        found = walk.by_id.get(id)
        if found is None:
            walk = self._whole()
            found = walk.by_id.get(id)
        self.looked_at = walk
        return found, walk.evidence_ids

    def newest(self) -> Walk:
        """The rows that changed last: by sort, else by window, else the whole list."""
        parameters = self.described.operations["list"].parameters
        sort = parameters.get("sort")
        if sort is not None and sort.on(self.case.platform) and "updated_at" in self.described.fields:
            return self._walked(max_pages=1, limit=NEWEST, sort="updated_at DESC")
        window = parameters.get("updated_at_min")
        latest = max(
            filter(None, (millis(row.get("updated_at")) for row in self.drive.snapshot(self.name).rows)), default=0
        )
        if latest and window is not None and window.on(self.case.platform) and self.described.is_paged:
            return self._walked(updated_at_min=latest, limit=WHOLE)
        return self._whole()

    def _whole(self) -> Walk:
        return self._walked(**({"limit": WHOLE} if self.described.is_paged else {}))

    def _walked(self, **query: Any) -> Walk:
        """A walk, in which nothing may be that was deleted before."""
        walk = self.drive.walk(self.name, **query)
        if query.get("limit") == WHOLE and walk.pages[0].status == 400:
            walk = self.drive.walk(self.name, **{**query, "limit": SAFE})
        gone = self.drive.session.gone.get((self.case.platform, self.name), {})
        risen = {id: gone[id] for id in walk.by_id if id in gone}
        if risen:
            self.judge(Risen(*self.base, risen, walk.evidence_ids[:1]), "roundtrip.stays_deleted")
        return walk

    def known(self) -> set[str]:
        """Ids that the list had, or that this worker made, before what a case does next."""
        place = (self.case.platform, self.name)
        if place not in self.drive.session.known:
            listed = set(self.drive.snapshot(self.name).by_id)
            with self.drive.session.script.chapter(f"known/{self.name}"):
                self.drive.session.known[place] = listed | set(self.newest().by_id)
        return self.drive.session.known[place]

    def note(self, write: Write) -> None:
        """What a write made is no news from now on."""
        if self.described.supports("list", self.case.platform):
            self.known().update(entity["id"] for entity in write.entities if isinstance(entity.get("id"), str))

    def appeared(self, sent: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """(ids of rows like `sent` that were not there before, evidence): what writes really made."""
        known, made = self.known(), self.drive.session.made
        walk = self.newest()
        fresh = {id: row for id, row in walk.by_id.items() if id not in known}
        fresh = {id: row for id, row in fresh.items() if made.get(id, self.case.id) == self.case.id}
        known.update(fresh)
        parts = self.sent_parts(sent)
        alike = [id for id, row in fresh.items() if any(self._alike(part, row) for part in parts)]
        if any(id not in made for id in alike):
            odd = self.drive.session.made_by_nobody(alike)
            alike = [id for id in alike if id in made or id in odd]
        for id in alike:
            self.drive.adopt(self.name, id)
        return tuple(alike), walk.evidence_ids

    def copies(self, sent: Mapping[str, Any], walk: Walk) -> tuple[str, ...]:
        """The ids of rows that were not there before, that nobody in this run made, and that hold a long text of
        `sent`; they are cleaned up."""
        texts = {value for value in sent.values() if isinstance(value, str) and len(value) >= TELLING}
        fresh = {id for id in walk.by_id if id not in self.known() and id not in self.drive.session.made}
        alike = [
            id for id in fresh if any(isinstance(value, str) and value in texts for value in walk.by_id[id].values())
        ]
        odd = sorted(self.drive.session.made_by_nobody(alike)) if alike else []
        for id in odd:
            self.drive.adopt(self.name, id)
        return tuple(odd)

    def _alike(self, sent: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
        """Whether a new row can come from `sent`: somebody else may write at the same time. A buggy write may have
        changed some of it, so that half of the inputs have to match; what was made of nothing lacks something."""
        if not sent:
            needed = [name for name in self.described.required_on_create if name in row]
            return not needed or any(is_empty(row[name]) for name in needed)
        wrong = {path.partition(".")[0].removesuffix("[]") for path, _, _ in self.missing(sent, row)}
        return len(wrong) * 2 <= len(sent)

    def missing(self, sent: Mapping[str, Any], seen: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
        """Where an object lacks what was sent."""
        return missing_of(self.described, self.case.platform, sent, seen)

    def sent_parts(self, body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """What each object of a write was sent as: several for a bulk write."""
        if self.name == "bank_feed_transactions":
            rest = {"bank_feed_account_id": body.get("bank_feed_account_id")}
            return [{**rest, **part} for part in body.get("transactions", ())]
        return [body]
