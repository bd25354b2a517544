"""What a plan file may say, as pydantic models. Unknown keys are refused everywhere."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from harness.plan.steps import Step

Share = Annotated[float, Field(ge=0, le=1)]
Template = Any
"""A JSON value in which a mapping with a `$`-key is a directive, filled in per platform when a case runs:

- `{$ref: vendors}`: the id of an existing row, active ones first.
  `where: {account_type: bank, status: [open, partially_paid]}` only rows with these values (a list: any of them; null:
  empty; a `$ref` with `field`: the value that another row has);
  `min: {amount_due: 100}` only rows with at least that number;
  `prefer: {currency_code: USD}` rows with these values first, others if there are none;
  `skip: 1` the second such row, to have two different ones;
  `field: currency_code` another field of the row instead of its id.
  Within one input, the same `$ref` with the same conditions is the same row. A row is passed over for the next one when
  it lacks the `field`, or when a `$ref` whose `where` depends on it finds no row.
- `{$unique: "GL-"}`: the prefix and a text that no other run has used; `length: 10` limits the whole of it
- `{$date: "2024-02-29"}`: an ISO timestamp at midnight UTC; `{$date: today}`, `{$date: today+30}`
- `{$text: unicode}`: a sample text (`plain`, `unicode`, `long`, `lines`)
- `{$uuid: v4}`: a fresh UUID

Only as the value of an optional input: `{$together: {line_items[].item: {...}, line_items[].account_id: null}}` sets
several paths at once, null takes one out (`harness.plan.inputs.put`).
"""


class Model(BaseModel):
    """Base: frozen, strict about unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class FieldRules(Model):
    """Which fields the integration needs of every row of a resource (dotted paths, `[]` for arrays)."""

    required: tuple[str, ...] = ()
    """Present and not null in every row."""
    nullable: tuple[str, ...] = ()
    """Present in every row; null is fine."""
    fill: dict[str, Share] = {}
    """Minimum share of rows (0 to 1) in which the field is neither null nor empty."""


class QueryRules(Model):
    """Which query parameters the integration uses. Omitted lists mean: all that the contract names."""

    filter: tuple[str, ...] | None = None
    sort: tuple[str, ...] | None = None
    params: tuple[str, ...] | None = None
    """Other query parameters: `updated_at_min`, `last_synced_at_min`, `expand`, `id_type`, `document_number`..."""
    minimum_rows: int = Field(default=1, ge=0)
    """Fewer rows than this make the resource's read cases inconclusive: there is nothing to judge."""


class CreateRules(Model):
    """A create: the smallest accepted input and the optional inputs beside it."""

    input: dict[str, Template] = {}
    """Required inputs. What is omitted here and required by the contract is generated from the contract."""
    optional: dict[str, Template] | None = None
    """Optional inputs to prove, each sent on its own beside `input`: dotted path to value, `[]` is the first
    line. Omitted: all that the contract allows on the platform, with generated values."""
    skip: tuple[str, ...] = ()
    """Optional inputs that are not proven (dotted paths), because the integration does not use them."""
    by_platform: dict[str, dict[str, Template]] = {}
    """Inputs that differ on a platform; merged over `input`, null removes a key."""


class UpdateRules(Model):
    """An update: which fields change, each to what."""

    change: dict[str, Template] | None = None
    """Omitted: every scalar field of the contract's update body that is readable, with generated values."""
    skip: tuple[str, ...] = ()
    by_platform: dict[str, dict[str, Template]] = {}


class ResourcePlan(Model):
    """What must be true of one resource."""

    platforms: tuple[str, ...] | None = None
    """Narrower or other than the plan's platforms."""
    fields: FieldRules = FieldRules()
    queries: QueryRules = QueryRules()
    create: CreateRules | bool = False
    update: UpdateRules | bool = False
    delete: bool = False
    sequences: dict[str, tuple[Step, ...]] = {}
    """Sequences of writes by name, played in every run; `--select ledger.search` finds and saves them."""
    dates: tuple[str, ...] | None = None
    """Date fields that matter; omitted: every date field that the contract names."""
    advisory: tuple[str, ...] = ()
    """Check ids or areas whose findings are shown for this resource but do not vote."""


class Recordings(Model):
    """How many days recorded answers count for a plan, and what becomes of older ones."""

    days: int = Field(default=90, ge=1)
    then: Literal["warn", "fail"] = "warn"


class Plan(Model):
    """One plan file."""

    plan: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    title: str
    about: str = ""
    platforms: tuple[str, ...] = Field(min_length=1)
    resources: dict[str, ResourcePlan] = Field(min_length=1)
    advisory: tuple[str, ...] = ()
    recordings: Recordings = Recordings()


class Decide(Model):
    """What decides a checklist item: exactly one of `cases`, `attestation`, `proof`, `strength`, `rollout` and
    `later`."""

    cases: tuple[str, ...] | None = None
    """Patterns of case ids (`fields/**`, `config/webhooks/essential_events/**`); all matching cases vote, none
    matching is inconclusive."""
    attestation: str | None = None
    """What a person has to attest, in one sentence."""
    proof: Share | None = None
    """The share of the emulator's defects that `golive prove` has to catch with these plans, without a false alarm."""
    strength: Share | None = None
    """The share of changed requests that `golive cassettes strength` has to see noticed by a replay."""
    rollout: Literal["stages", "load", "rate_limit"] | None = None
    """What the ledger of `golive rollout` has to show: every stage promoted, load-tested, or within the rate limit."""
    later: str | None = None
    """Which part of golive will decide it; inconclusive until then."""
    command: str | None = None
    """The command that would decide it; shown while the item is undecided. Omitted: made from the patterns."""


class ChecklistItem(Model):
    """One line of the implementation checklist, in its order, with a stable id."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+)+$")]
    section: str
    line: str
    decide: Decide


class Checklist(Model):
    """plans/checklist.yaml."""

    checklist: Literal["implementation"]
    source: str
    evidence_days: int = Field(default=30, ge=1)
    """Days for which the evidence of a run counts; a line that rests on older evidence is open again."""
    items: tuple[ChecklistItem, ...] = Field(min_length=1)
    own: tuple[ChecklistItem, ...] = ()
    """Lines that the provider's checklist does not have."""


class Attestation(Model):
    """A person's word on one checklist item (plans/attestations.yaml)."""

    item: str
    """The id of a checklist item that is decided by an attestation."""
    who: Annotated[str, Field(min_length=1)]
    """Name and role."""
    when: str
    """The day of the word, "YYYY-MM-DD" in quotes."""
    until: str
    """The last day on which it counts, "YYYY-MM-DD" in quotes."""
    link: Annotated[str, Field(min_length=1)]
    """Where the proof is: minutes, ticket, mail."""
    note: str = ""


class Accepted(Model):
    """A finding that does not vote for a while, because its owner says so (plans/accepted.yaml)."""

    check: Annotated[str, Field(min_length=1)]
    """The id of the check, `golive checks` lists them."""
    resource: Annotated[str, Field(min_length=1)]
    """The resource of the finding; `api` for the API as a whole."""
    field: str | None = None
    """Omitted: whichever field."""
    platform: str | None = None
    """Omitted: on every platform."""
    owner: Annotated[str, Field(min_length=1)]
    """Who answers for it: name and role."""
    reason: Annotated[str, Field(min_length=1)]
    when: str
    """The day it was accepted, "YYYY-MM-DD" in quotes."""
    until: str
    """The last day on which it does not vote, "YYYY-MM-DD" in quotes."""


class Baseline(Model):
    """plans/accepted.yaml."""

    accepted: tuple[Accepted, ...] = ()


class Attestations(Model):
    """plans/attestations.yaml."""

    attestations: tuple[Attestation, ...] = ()
