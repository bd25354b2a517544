"""What a run says of the lines of the checklist."""

from datetime import date
from typing import Any

import pytest

from harness.core import CaseOutcome, Strength
from harness.plan.model import Attestation, ChecklistItem, Decide
from harness.report import fold
from harness.report.checklist import Circumstances, decide_items
from harness.report.model import CaseEntry, ItemState

TODAY = date(2026, 11, 24)
CIRCUMSTANCES = Circumstances(Strength.EMULATED, "emulator", "golive-report", TODAY)


def case(
    id: str, outcome: CaseOutcome = CaseOutcome.PASSED, *, blocking: bool = False, missing: bool = False
) -> CaseEntry:
    """A case entry with nothing but what decides."""
    area, kind, platform, resource = id.split("/")[:4]
    return CaseEntry(
        id=id,
        area=area,
        kind=f"{area}.{kind}",
        platform=platform,
        resource=resource,
        detail="",
        plans=(),
        outcome=outcome,
        reason=None if outcome is CaseOutcome.PASSED else "no row to judge",
        findings=("F001",) if blocking else (),
        blocking=blocking,
        missing=missing,
        evidence=("gw0-000001",),
        requests=1,
        duration=0.1,
    )


def item(**decide: Any) -> ChecklistItem:
    """A line of the checklist."""
    return ChecklistItem(id="testing.fields", section="Testing", line="Check the fields", decide=Decide(**decide))


def word(when: str = "2026-11-01", until: str = "2027-01-01") -> Attestation:
    """A person's word on that line."""
    return Attestation(item="testing.fields", who="Ada", when=when, until=until, link="https://wiki.example.test/1")


BY_CASES = item(cases=("fields/**",))
GOOD, OTHER = case("fields/types/XERO/bills"), case("dates/format/XERO/bills")
BAD = case("fields/enum/XERO/bills", CaseOutcome.FINDINGS, blocking=True)
OPEN = case("fields/fill/XERO/bills", CaseOutcome.INCONCLUSIVE)
BROKEN = case("fields/fill/XERO/bills", CaseOutcome.ERROR)
ADVISED = case("fields/fill/XERO/bills", CaseOutcome.FINDINGS)


@pytest.mark.parametrize(
    ("cases", "state"),
    [
        ((GOOD,), ItemState.GO),
        ((GOOD, ADVISED), ItemState.GO),
        ((GOOD, BAD), ItemState.NO_GO),
        ((OPEN, BAD), ItemState.NO_GO),
        ((GOOD, OPEN), ItemState.INCONCLUSIVE),
        ((GOOD, BROKEN), ItemState.INCONCLUSIVE),
        ((OTHER,), ItemState.INCONCLUSIVE),
        ((), ItemState.INCONCLUSIVE),
    ],
    ids=["passed", "advisory", "blocked", "blocked beats undecided", "undecided", "error", "none match", "no cases"],
)
def test_an_item_is_decided_by_its_cases(cases: tuple[CaseEntry, ...], state: ItemState) -> None:
    """All matching cases vote; one that is undecided or none that matches leaves the item undecided, with a command."""
    entry = decide_items([BY_CASES], [], cases, CIRCUMSTANCES)[0]
    assert entry.state is state
    assert (entry.command is None) == (state is ItemState.GO)
    assert entry.matched == sum(one.area == "fields" for one in cases)
    assert (entry.strength is None) == (entry.matched == 0)


def test_the_worst_cases_are_named_first() -> None:
    """The cases that an item lists begin with those that vote against it."""
    entry = decide_items([BY_CASES], [], (GOOD, OPEN, BAD), CIRCUMSTANCES)[0]
    assert entry.deciding == (BAD.id, OPEN.id, GOOD.id)
    assert entry.evidence == ("gw0-000001", "gw0-000001")


def test_the_command_of_an_undecided_item_selects_its_area() -> None:
    """Without a command of its own, an item's command runs the areas of its patterns on the same target."""
    live = Circumstances(Strength.LIVE, "production", "out", TODAY)
    assert decide_items([BY_CASES], [], (), live)[0].command == "golive run --select fields --target production"
    own = item(cases=("fields/**",), command="golive doctor")
    assert decide_items([own], [], (), live)[0].command == "golive doctor"


@pytest.mark.parametrize(
    ("words", "state"),
    [
        ((word(),), ItemState.ATTESTED),
        ((word(until="2026-11-24"),), ItemState.ATTESTED),
        ((word(until="2026-11-23"),), ItemState.INCONCLUSIVE),
        ((word(when="2026-11-25"),), ItemState.INCONCLUSIVE),
        ((word(when="last week"),), ItemState.INCONCLUSIVE),
        ((word(until="2026-01-01"), word()), ItemState.ATTESTED),
        ((), ItemState.INCONCLUSIVE),
    ],
    ids=["valid", "last day", "expired", "from the future", "unreadable", "renewed", "nobody"],
)
def test_an_attestation_counts_only_within_its_time(words: tuple[Attestation, ...], state: ItemState) -> None:
    """A person's word decides an item from its date to its end, and no longer."""
    entry = decide_items([item(attestation="The review took place")], words, (), CIRCUMSTANCES)[0]
    assert entry.state is state
    assert (entry.strength is Strength.ATTESTED) == (state is ItemState.ATTESTED)
    assert (entry.command is None) == (state is ItemState.ATTESTED)


def test_nobody_can_attest_what_cases_decide() -> None:
    """An attestation does not outvote cases, and does not decide what a later version will."""
    for decided in (BY_CASES, item(later="load tests")):
        assert decide_items([decided], [word()], (BAD,), CIRCUMSTANCES)[0].state is not ItemState.ATTESTED


def test_undecided_items_do_not_change_the_verdict(run: Any) -> None:
    """Lines that no program decides are listed, and the target may still be `go`."""
    run.case("fields/types/QUICKBOOKS/bills")
    report = fold(run.done())
    assert report.verdict.verdict.value == "go"
    undecided = [entry.id for entry in report.checklist if entry.state is ItemState.INCONCLUSIVE]
    assert undecided == ["production.review", "production.load"]
    assert undecided == [entry.item for entry in report.standing_between if entry.kind.value == "checklist"]


def test_attestations_are_read_from_their_file(run: Any) -> None:
    """A person's word in the attestations file decides its line, with the link."""
    run.case("fields/types/QUICKBOOKS/bills")
    (run.directory / "attestations.yaml").write_text(
        'attestations: [{item: production.review, who: Ada, when: "2026-11-01", until: "2027-01-01", link: "http://x"}]'
    )
    entry = fold(run.done()).checklist[1]
    assert (entry.state, entry.link, entry.strength) == (ItemState.ATTESTED, "http://x", Strength.ATTESTED)


def test_a_broken_checklist_is_an_error_of_the_run(run: Any, tmp_path: Any) -> None:
    """A checklist that cannot be read is an error with its place; what the cases proved stays in the report."""
    broken = tmp_path / "checklist.yaml"
    broken.write_text("checklist: [")
    run.case("fields/types/QUICKBOOKS/bills")
    report = fold(run.done(checklist=str(broken)))
    assert report.verdict.verdict.value == "inconclusive"
    assert "checklist.yaml" in report.errors[0].message
    assert report.counts.passed == 1
