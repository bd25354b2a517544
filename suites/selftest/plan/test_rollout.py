"""plans/rollout.yaml: it loads, and what is wrong with one is said with its line and what is allowed."""

from pathlib import Path

import pytest

from harness.contract import Contract
from harness.errors import PlanError, UsageError
from harness.plan.gates import parse_gate
from harness.plan.rollout_loader import ROLLOUT, load_rollout

TEXT = ROLLOUT.read_text(encoding="utf-8")


def line_of(text: str, part: str) -> int:
    """The 1-based line that holds `part` first."""
    return next(number for number, line in enumerate(text.splitlines(), 1) if part in line)


def test_the_shipped_plan_loads_and_grows(contract: Contract) -> None:
    """The shipped rollout has stages from three test users to everybody, each no smaller than the one before."""
    plan = load_rollout(contract)
    counts = [plan.connections_of(stage) for stage in plan.stages]
    assert counts[0] == 3
    assert counts == sorted(counts)
    assert counts[-1] == round(plan.connections * plan.growth)


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("p99(list) <= 800ms", "p99(lists) <= 800ms", 'unknown endpoint class "lists". Did you mean "list"?'),
        ("errors <= 1%", "erors <= 1%", 'unknown measure "erors". Did you mean "errors"?'),
        ("errors <= 1%", "errors >= 1%", "a gate is an upper bound"),
        ("[write_burst,", "[write_brst,", 'unknown scenario "write_brst". Did you mean "write_burst"?'),
        ("QUICKBOOKS: 0.55", "QUICKBOKS: 0.55", 'unknown platform "QUICKBOKS". Did you mean "QUICKBOOKS"?'),
        ("writes: [vendors", "writes: [vendor", '"vendor" has no create in the contract. Did you mean "vendors"?'),
        ("users: 3", "users: 3000", 'has fewer connections than "canary" before it'),
        ("play: 40s", "play: 1s", "is not between 5s and 1h"),
        ("errors <= 1%", "errors < 0%", "can never hold: nothing is below 0%"),
        ("p95(create) <= 2s", "p95(create) <= 0s", "can never hold: nothing takes no time"),
        ("p95(create) <= 2s", "p95(get) <= 2s", "can never hold: no single object is read"),
        ("p95(create) <= 2s", "p99(list) <= 2s", 'speaks of the same as "p99(list) <= 800ms"; keep the stricter one'),
        ("freshness <= 75min", "freshness <= 60min", "before each sync the data is 60min old"),
        ("sync_every: 60min", "sync_every: 0min", 'traffic.sync_every: "0min" is no time at all'),
        ("500/10s", "500/0s", '"500/0s" lets nothing through'),
        ("500/10s", "500 per 10s", '"500 per 10s" is no rate; write requests per window, such as 500/10s'),
        ("then: hold", "then: pray", "'hold' or 'roll_back', found \"pray\""),
        (
            "resources: [vendors, bills, bill_payments, bill_credit_memos, accounts, items]",
            "resources: []",
            "resources is empty; write at least one",
        ),
    ],
)
def test_a_wrong_plan_is_told_with_its_line(
    contract: Contract, tmp_path: Path, right: str, wrong: str, told: str
) -> None:
    """A wrong name, gate or size is a PlanError that says where it is and what is allowed."""
    assert right in TEXT
    file = tmp_path / "rollout.yaml"
    file.write_text(TEXT.replace(right, wrong, 1), encoding="utf-8")
    with pytest.raises(PlanError) as raised:
        load_rollout(contract, file)
    assert told in str(raised.value)
    assert (
        f"rollout.yaml:{line_of(TEXT.replace(right, wrong, 1), wrong if wrong != 'users: 3000' else 'stage: early')}:"
        in str(raised.value)
    )


def test_comments_are_not_part_of_the_version_of_a_plan(contract: Contract, tmp_path: Path) -> None:
    """The digest of a plan stays when a comment changes, and changes when a gate does."""
    file = tmp_path / "rollout.yaml"
    file.write_text("# another comment\n" + TEXT, encoding="utf-8")
    assert load_rollout(contract, file).digest == load_rollout(contract).digest
    file.write_text(TEXT.replace("errors <= 1%", "errors <= 2%", 1), encoding="utf-8")
    assert load_rollout(contract, file).digest != load_rollout(contract).digest


def test_gates_are_read_in_their_units() -> None:
    """Bounds are seconds, shares of one or factors, whatever unit they are written in."""
    assert parse_gate("p99(list) <= 800ms").bound == pytest.approx(0.8)
    assert parse_gate("backlog_drained <= 10 min").bound == 600
    assert parse_gate("errors<=0.5%").bound == pytest.approx(0.005)
    gate = parse_gate("p95(create) < 1.5x previous")
    assert (gate.of, gate.strict, gate.bound, gate.previous, gate.quantile) == ("create", True, 1.5, True, 0.95)


@pytest.mark.parametrize(
    "text",
    [
        "p99 <= 80%",
        "errors <= 2s",
        "budget(list) <= 80%",
        "limited <= 1x previous",
        "p99",
        "errors <= 130%",
        "",
        "p99 <= -1s",
        "p99 < 0ms",
        "amplification <= 0.9x",
        "amplification < 1x",
        "budget <= 0%",
    ],
)
def test_what_is_no_gate_is_refused(text: str) -> None:
    """A unit of the wrong kind, a class where there is none, or no bound at all is wrong use, before any request."""
    with pytest.raises(UsageError):
        parse_gate(text)
