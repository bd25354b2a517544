"""`RunReport`: everything a run proved, as one versioned model. All files are functions of it."""

from enum import StrEnum

from harness.core import CaseOutcome, Severity, Strength, Verdict
from harness.exit_status import ExitStatus
from harness.report.run_record import ConnectionRecord, LeftBehind, PlanRecord
from harness.report.surface import Coverage, Model

SCHEMA_VERSION = "1.0"
"""Of `report.json`. The second number grows with additions, the first with anything that breaks a reader."""


class RunSection(Model):
    """What was asked, of whom, and when. Times are ISO 8601 in UTC, `duration` in seconds."""

    golive: str
    git_commit: str | None
    target: str
    base_url: str | None
    strength: Strength
    contract_version: str
    started_at: str
    ended_at: str | None
    duration: float
    interrupted: bool
    plans: tuple[PlanRecord, ...]
    platforms: tuple[str, ...]
    resources: tuple[str, ...]
    select: tuple[str, ...]
    workers: int
    defects: tuple[str, ...]
    command: str
    python: str


class VerdictSection(Model):
    """What the run says of its target. `strength` is that of the weakest evidence; None when there is none."""

    verdict: Verdict
    strength: Strength | None
    reasons: tuple[str, ...]
    exit_status: ExitStatus


class Counts(Model):
    """Counted from the cases, never taken from elsewhere. `missing` cases are part of `inconclusive`."""

    cases: int = 0
    passed: int = 0
    findings: int = 0
    inconclusive: int = 0
    error: int = 0
    missing: int = 0
    blocked: int = 0
    """Cases with at least one finding that votes."""


class StandingKind(StrEnum):
    """Why something stands between here and production, most urgent first."""

    FINDING = "finding"
    ERROR = "error"
    FINDING_EXPIRED = "finding_expired"
    UNDECIDED_CASES = "undecided_cases"
    STRENGTH = "strength"
    CHECKLIST = "checklist"


class Standing(Model):
    """One thing that stands between here and production: what, why, and the command that would decide it."""

    kind: StandingKind
    what: str
    why: str
    command: str | None = None
    item: str | None = None
    """Id of the checklist item or finding."""


class CaseEntry(Model):
    """One case. `findings` are ids of finding groups; `missing` says that the case was expected and has no result."""

    id: str
    area: str
    kind: str
    platform: str
    resource: str | None
    detail: str
    plans: tuple[str, ...]
    outcome: CaseOutcome
    reason: str | None
    findings: tuple[str, ...]
    blocking: bool
    missing: bool
    evidence: tuple[str, ...]
    requests: int
    duration: float
    attempts: int = 1
    """How often it was proven; the worst attempt decides."""
    held: int | None = None
    """In how many of several attempts it passed; None after a single one."""
    pass_rate: tuple[float, float] | None = None
    """The 95 % interval of its pass rate over several attempts (Wilson)."""


class Occurrence(Model):
    """A finding in one case. `request_id` is what the provider's support asks for."""

    case: str
    platform: str | None
    severity: Severity
    message: str
    expected: str
    seen: str
    evidence: tuple[str, ...]
    request_id: str | None


class FindingGroup(Model):
    """The same check on the same resource and field, over all cases and platforms. `count` is the number of findings;
    `occurrences` holds the first of each platform and then more, up to a limit. `reproduce` is a curl line in which
    secrets are variables."""

    id: str
    check: str
    severity: Severity
    resource: str | None
    field: str | None
    platforms: tuple[str, ...]
    count: int
    cases: int
    message: str
    expected: str
    seen: str
    request_id: str | None
    reproduce: str | None
    occurrences: tuple[Occurrence, ...]


class ErrorEntry(Model):
    """Something that the harness could not do. `where` is a case id or `run`."""

    where: str
    message: str
    count: int = 1


class ItemState(StrEnum):
    """What is known of a checklist item."""

    GO = "go"
    NO_GO = "no_go"
    INCONCLUSIVE = "inconclusive"
    ATTESTED = "attested"


class ChecklistEntry(Model):
    """One line of the checklist. `deciding` are the case ids that decide it, worst first, up to a limit; `matched` is
    how many cases vote."""

    id: str
    section: str
    line: str
    state: ItemState
    strength: Strength | None
    why: str
    matched: int = 0
    deciding: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    """Exchanges of deciding cases that the report shows whole."""
    command: str | None = None
    link: str | None = None
    target: str | None = None
    """Of the evidence; None where there is none."""
    commit: str | None = None
    """Commit of the working directory that the run was started in."""
    evidence_at: str | None = None
    """When the oldest evidence was made, or the word was given: an ISO 8601 instant or day."""
    age_days: int | None = None
    """Whole days between `evidence_at` and `folded_at`."""
    expires_on: str | None = None
    """The last day on which it counts."""
    asked_by: tuple[str, ...] = ()
    """`path:line` of what in the plans asks for the deciding cases, up to a limit."""
    requests: int = 0
    """Requests that the matching cases took."""


class AcceptedState(StrEnum):
    """Whether a line of the baseline does anything on the day of the report."""

    COUNTS = "counts"
    EXPIRED = "expired"
    TO_COME = "to_come"


class AcceptedEntry(Model):
    """A line of the baseline. `findings` is how many findings of this run it fits; 0: it can be removed."""

    check: str
    resource: str
    field: str | None
    platform: str | None
    owner: str
    reason: str
    when: str
    until: str
    state: AcceptedState
    findings: int


class WayStep(Model):
    """One thing to do on the way to GO: what, the command, how many open things it decides (`items` are the first of
    them), and its cost in requests, None when nobody can know."""

    what: str
    command: str
    decides: int
    items: tuple[str, ...] = ()
    requests: int | None = None


class Timing(Model):
    """Seconds and counts of a group of cases."""

    name: str
    cases: int
    requests: int
    seconds: float


class Latency(Model):
    """Milliseconds over the named requests; exact, from every single measurement."""

    name: str
    requests: int
    p50: float
    p90: float
    p95: float
    p99: float
    max: float


class Timings(Model):
    """How long it took. `requests_per_second` over the whole run."""

    requests: int
    requests_per_second: float
    areas: tuple[Timing, ...]
    slowest: tuple[Timing, ...]
    latency: tuple[Latency, ...]


class EvidenceBrief(Model):
    """A shortened exchange that a finding cites. Bodies are text, cut at a limit; the whole is in `evidence.ndjson`."""

    id: str
    case: str | None
    platform: str | None
    method: str
    url: str
    status: int | None
    problem: str | None
    request_id: str | None
    job_id: str | None
    started_at: str
    elapsed_ms: float
    request_body: str | None
    response_body: str | None
    reproduce: str


class EvidenceFile(Model):
    """`evidence.ndjson` as written: how many lines, and the hash of the last link of its chain."""

    lines: int
    last_hash: str


class RunReport(Model):
    """The report of one run. `evidence` holds what findings cite, by id; `evidence_file` and
    `seal` (the hash over everything it was folded from, see `harness.report.seal`) are set when it is written."""

    schema_version: str = SCHEMA_VERSION
    verdict: VerdictSection
    folded_at: str
    """The moment for which it was folded: what expires is judged by it."""
    standing_between: tuple[Standing, ...]
    way_to_go: tuple[WayStep, ...]
    run: RunSection
    counts: Counts
    connections: tuple[ConnectionRecord, ...]
    findings: tuple[FindingGroup, ...]
    errors: tuple[ErrorEntry, ...]
    checklist: tuple[ChecklistEntry, ...]
    accepted: tuple[AcceptedEntry, ...]
    fidelity: float | None = None
    """How alike the emulator and another target answered, 0 to 1; None when nobody compared them."""
    cases: tuple[CaseEntry, ...]
    coverage: Coverage
    timings: Timings
    left_behind: tuple[LeftBehind, ...]
    evidence: dict[str, EvidenceBrief]
    evidence_file: EvidenceFile | None = None
    seal: str | None = None
