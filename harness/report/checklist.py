"""What the run says of each line of the implementation checklist, and what stands between here and production."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from harness.core import CaseOutcome, Severity, Strength, Verdict
from harness.plan import matches
from harness.plan.model import Attestation, ChecklistItem
from harness.report.legible import plural
from harness.report.model import (
    CaseEntry,
    ChecklistEntry,
    ErrorEntry,
    FindingGroup,
    ItemState,
    RunSection,
    Standing,
    StandingKind,
    VerdictSection,
)
from harness.report.proof_item import by_proof
from harness.report.proof_record import ProofRecord
from harness.report.rollout_item import RolloutRecord, by_rollout
from harness.report.run_record import PlanRecord
from harness.report.strength_item import by_strength
from harness.report.strength_record import StrengthRecord
from harness.report.verdicts import place

MOST_EVIDENCE = 2
"""Exchanges that an item shows whole."""

MOST_DECIDING = 25
"""Ids of deciding cases that an item lists, worst first."""

MOST_LINES = 12
"""Places in plans that an item names."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the decision of an item depends on besides cases. `today` is the day for which it is decided, `evidence_at`
    the instant of the oldest evidence, `evidence_days` how long that counts, `plans` the plan files of the run; with
    `doubts` its evidence counts for nothing."""

    strength: Strength
    target: str
    out: str
    today: date
    evidence_at: str | None = None
    evidence_days: int = 30
    commit: str | None = None
    plans: tuple[PlanRecord, ...] = ()
    proof: ProofRecord | None = None
    cassettes: StrengthRecord | None = None
    rollout: RolloutRecord = field(default_factory=RolloutRecord)
    doubts: tuple[str, ...] = ()

    @property
    def expires(self) -> date | None:
        """The last day on which the evidence of the run counts."""
        return _day(self.evidence_at) + timedelta(days=self.evidence_days) if self.evidence_at else None

    @property
    def expired(self) -> str | None:
        """Why the evidence of the run no longer counts; None while it does."""
        if self.doubts:
            return "; ".join(self.doubts)
        if self.expires is None or self.today <= self.expires:
            return None
        return f"the evidence is of {(self.evidence_at or '')[:10]} and counted until {self.expires}"


def decide_items(
    items: Iterable[ChecklistItem],
    attestations: Iterable[Attestation],
    cases: Sequence[CaseEntry],
    circumstances: Circumstances,
) -> tuple[ChecklistEntry, ...]:
    """One entry per item, in the checklist's order."""
    words: dict[str, Attestation] = {}
    for word in sorted(attestations, key=lambda word: word.until):
        words[word.item] = word
    return tuple(_decide(item, words.get(item.id), cases, circumstances) for item in items)


def standing_between(
    verdict: VerdictSection,
    run: RunSection,
    groups: Sequence[FindingGroup],
    errors: Sequence[ErrorEntry],
    cases: Sequence[CaseEntry],
    checklist: Sequence[ChecklistEntry],
) -> tuple[Standing, ...]:
    """Everything that stands between here and production, most urgent first."""
    return (
        *_standing_findings(groups),
        *(Standing(kind=StandingKind.ERROR, what=f"Error in {error.where}", why=error.message) for error in errors),
        *_standing_cases(cases, run),
        *_standing_strength(verdict, checklist),
        *_standing_items(checklist),
    )


def _decide(
    item: ChecklistItem, word: Attestation | None, cases: Sequence[CaseEntry], circumstances: Circumstances
) -> ChecklistEntry:
    decide = item.decide
    if decide.cases is not None:
        return _by_cases(item, decide.cases, cases, circumstances)
    if decide.attestation is not None:
        return _by_word(item, word, circumstances)
    if decide.strength is not None:
        return by_strength(item, decide.strength, circumstances.cassettes, circumstances.plans)
    if decide.proof is not None:
        return by_proof(item, decide.proof, circumstances.proof, circumstances.plans)
    if decide.rollout is not None:
        return by_rollout(item, decide.rollout, circumstances.rollout, target=circumstances.target,
                          today=circumstances.today, days=circumstances.evidence_days)  # fmt: skip
    return ChecklistEntry(
        id=item.id,
        section=item.section,
        line=item.line,
        state=ItemState.INCONCLUSIVE,
        strength=None,
        why=f"Not decided by this version of golive: {decide.later or 'nothing decides it yet'}",
        command=decide.command,
    )


def _by_cases(
    item: ChecklistItem, patterns: Sequence[str], cases: Sequence[CaseEntry], circumstances: Circumstances
) -> ChecklistEntry:
    voting = [case for case in cases if matches(case.id, patterns)]
    against = [case for case in voting if case.blocking]
    undecided = [
        case for case in voting if not case.blocking and case.outcome in {CaseOutcome.INCONCLUSIVE, CaseOutcome.ERROR}
    ]
    state, why = ItemState.GO, f"{plural(len(voting), 'case holds', 'cases hold')}"
    if against:
        state = ItemState.NO_GO
        why = f"{len(against):,} of {plural(len(voting), 'case')} found what votes against it"
    elif undecided:
        state = ItemState.INCONCLUSIVE
        first = undecided[0].reason or "no reason given"
        why = f"{len(undecided):,} of {plural(len(voting), 'case')} could not decide: {first}"
    elif not voting:
        state, why = ItemState.INCONCLUSIVE, "No case of this run decides it"
    if state is ItemState.GO and circumstances.expired is not None:
        state, why = ItemState.INCONCLUSIVE, f"{why}, but {circumstances.expired}"
    command = item.decide.command or _command(patterns, circumstances)
    ranked = sorted(voting, key=lambda case: (not case.blocking, case.outcome is CaseOutcome.PASSED))
    return ChecklistEntry(
        id=item.id,
        section=item.section,
        line=item.line,
        state=state,
        strength=circumstances.strength if voting else None,
        why=why + ".",
        matched=len(voting),
        deciding=tuple(case.id for case in ranked[:MOST_DECIDING]),
        evidence=tuple(case.evidence[-1] for case in ranked if case.evidence)[:MOST_EVIDENCE],
        command=None if state is ItemState.GO else command,
        requests=sum(case.requests for case in voting),
        **(_provenance(ranked, circumstances) if voting else {}),
    )


def _provenance(cases: Sequence[CaseEntry], circumstances: Circumstances) -> dict[str, Any]:
    """Of whom, when, how long, on whose demand."""
    lines = {plan.plan: (plan.path, plan.lines) for plan in circumstances.plans}
    asked = (
        f"{lines[plan][0]}:{lines[plan][1][case.resource]}"
        for case in cases
        for plan in case.plans
        if plan in lines and case.resource in lines[plan][1]
    )
    at = circumstances.evidence_at
    return {
        "target": circumstances.target,
        "commit": circumstances.commit,
        "evidence_at": at,
        "age_days": (circumstances.today - _day(at)).days if at else None,
        "expires_on": str(circumstances.expires) if circumstances.expires else None,
        "asked_by": tuple(dict.fromkeys(asked))[:MOST_LINES],
    }


def _day(instant: str) -> date:
    return datetime.fromisoformat(instant).date()


def _by_word(item: ChecklistItem, word: Attestation | None, circumstances: Circumstances) -> ChecklistEntry:
    ask = item.decide.attestation or ""
    how = item.decide.command or (
        f"add item {item.id} (who, when, until, link) to plans/attestations.yaml, "
        f"then: golive report {circumstances.out}"
    )
    state, strength, why = ItemState.INCONCLUSIVE, None, f"Nobody has attested it yet: {ask}"
    if word is not None:
        problem = _word_problem(word, circumstances.today)
        if problem is None:
            state, strength, how = ItemState.ATTESTED, Strength.ATTESTED, ""
            why = f"{word.who} attested it on {word.when}, valid until {word.until}. {word.note}".strip()
        else:
            why = f"The attestation by {word.who} {problem}: {ask}"
    return ChecklistEntry(
        id=item.id,
        section=item.section,
        line=item.line,
        state=state,
        strength=strength,
        why=why,
        command=how or None,
        link=word.link if word and state is ItemState.ATTESTED else None,
        evidence_at=word.when if word else None,
        age_days=(circumstances.today - _day(word.when)).days if word and strength else None,
        expires_on=word.until if word else None,
    )


def _word_problem(word: Attestation, today: date) -> str | None:
    """Why an attestation does not count on that day; None when it does."""
    try:
        given, until = date.fromisoformat(word.when[:10]), date.fromisoformat(word.until[:10])
    except ValueError:
        return f"has a date that cannot be read ({word.when} to {word.until})"
    if until < today:
        return f"expired on {word.until}"
    return f"is dated {word.when}, which is still to come" if given > today else None


def _command(patterns: Sequence[str], circumstances: Circumstances) -> str:
    areas = dict.fromkeys(text.partition("/")[0] for text in patterns)
    selected = "".join(f" --select {area}" for area in areas if area.isalpha())
    target = "" if circumstances.target == "emulator" else f" --target {circumstances.target}"
    return f"golive run{selected}{target}"


def _standing_findings(groups: Sequence[FindingGroup]) -> Iterator[Standing]:
    for group in groups:
        if group.severity is Severity.BLOCKER:
            platforms = ", ".join(group.platforms) or "the API as a whole"
            yield Standing(
                kind=StandingKind.FINDING,
                what=f"{place(group)} on {platforms}",
                why=group.message,
                command=f"golive explain {group.check}",
                item=group.id,
            )


def _standing_cases(cases: Sequence[CaseEntry], run: RunSection) -> Iterator[Standing]:
    undecided: dict[str, list[CaseEntry]] = {}
    for case in cases:
        if case.outcome is CaseOutcome.INCONCLUSIVE:
            undecided.setdefault(case.reason or "no reason given", []).append(case)
    target = "" if run.target == "emulator" else f" --target {run.target}"
    for reason, concerned in sorted(undecided.items(), key=lambda pair: -len(pair[1])):
        areas = "".join(f" --select {area}" for area in dict.fromkeys(case.area for case in concerned))
        yield Standing(
            kind=StandingKind.UNDECIDED_CASES,
            what=f"{plural(len(concerned), 'case')} without a decision, such as {concerned[0].id}",
            why=reason,
            command=f"golive run{areas}{target}",
        )


def _standing_items(checklist: Sequence[ChecklistEntry]) -> Iterator[Standing]:
    for entry in checklist:
        if entry.state is ItemState.INCONCLUSIVE:
            yield Standing(
                kind=StandingKind.CHECKLIST, what=entry.line, why=entry.why, command=entry.command, item=entry.id
            )


def _standing_strength(verdict: VerdictSection, checklist: Sequence[ChecklistEntry]) -> Iterator[Standing]:
    if verdict.strength is None or verdict.strength is Strength.LIVE or verdict.verdict is Verdict.NO_GO:
        return
    proven = sum(entry.state is ItemState.GO for entry in checklist)
    what = f"{plural(proven, 'checklist item rests', 'checklist items rest')}" if proven else "the verdict rests"
    source, why = "the emulator", "The emulator shows that the plans and this harness work, not that the provider does."
    if verdict.strength is Strength.RECORDED:
        source, why = "recorded answers", "Recorded answers show how the API behaved then, not now."
    yield Standing(
        kind=StandingKind.STRENGTH,
        what=f"Live proof: {what} on {source} alone",
        why=why,
        command="golive run --target production",
    )
