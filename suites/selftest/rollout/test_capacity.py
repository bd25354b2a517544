"""The planner and its simulation: what fits, what does not, and what would make it fit."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli.app import app
from harness.plan.rollout import Rollout
from harness.rollout.capacity import plan_capacity
from harness.rollout.demand import HOUR, bursts, by_platform, limit_of
from harness.rollout.simulation import Flow, day_profile, freshness, simulate, simulate_day


def test_the_shipped_rollout_fits(plan: Rollout) -> None:
    """Every stage of the shipped plan keeps the planned share of the limit at peak."""
    assert all(plan_capacity(plan, stage).feasible for stage in plan.stages)


def test_what_does_not_fit_is_told_with_changes_that_make_it_fit(plan: Rollout) -> None:
    """Too many connections are infeasible, and the proposed sync period, taken at its word, makes them fit."""
    big = plan.model_copy(update={"connections": 20_000, "growth": 1.0})
    stage = big.stages[-1]
    capacity = plan_capacity(big, stage)
    changes = [change for problem in capacity.infeasible for change in problem.changes]
    proposed = next(change for change in changes if change.startswith("sync_every: "))
    period = proposed.removeprefix("sync_every: ").partition(" ")[0]
    slower = stage.model_copy(update={"traffic": stage.traffic.model_copy(update={"sync_every": period})})
    relaxed = plan_capacity(big.model_copy(update={"stages": (*big.stages[:-1], slower)}), slower)
    assert capacity.headroom < 0
    assert relaxed.headroom >= 0


def test_the_queue_agrees_with_arithmetic() -> None:
    """A burst of 1,000 at 50 per second ends after 20 s, half of it within 10 s."""
    played = simulate([Flow("storm", 0, at=5.0, count=1000)], 50.0, horizon=60.0)
    waits = played.waits["storm"]
    assert waits.ended == pytest.approx(25.0)
    assert waits.quantile(0.5) == pytest.approx(10.0, rel=0.1)
    assert played.left == {"storm": 0}


def test_urgent_requests_pass_a_storm() -> None:
    """While a storm is worked off, what is urgent waits about a second at most."""
    flows = [
        Flow("storm", 2, at=0.0, count=5000),
        Flow("urgent", 0, per_second=lambda _time: 2.0),
    ]
    played = simulate(flows, 50.0, horizon=100.0, seed=1)
    assert (played.waits["urgent"].quantile(0.99) or 9) < 1.5
    assert played.left["storm"] > 0


def test_a_backlog_that_never_drains_has_no_percentile() -> None:
    """When more arrives than is permitted, the p95 of the wait is unknown, not that of the few that were served."""
    played = simulate([Flow("polls", 1, per_second=lambda _time: 100.0, even=True)], 50.0, horizon=100.0)
    assert played.waits["polls"].quantile(0.95) is None
    assert played.left["polls"] == pytest.approx(5000, rel=0.02)


def test_simulation_and_arithmetic_agree_on_the_initial_sync(plan: Rollout) -> None:
    """The simulated storm of a stage ends when the planner says, within 10 percent."""
    stage = plan.stages[1]
    capacity, played = plan_capacity(plan, stage), simulate_day(plan, stage)
    last = capacity.batches[-1]
    assert last.together is not None
    ended = played.waits[f"initial_sync {last.batch}"].ended - 9 * HOUR
    assert ended == pytest.approx(last.together, rel=0.1)
    assert freshness(plan, stage, played) == pytest.approx(HOUR, rel=0.01)


def test_the_day_has_its_peak() -> None:
    """The profile of a day has the mean 1 and the planned peak."""
    profile = day_profile(3.0)
    values = [profile(quarter * 900.0) for quarter in range(96)]
    assert sum(values) / 96 == pytest.approx(1.0)
    assert max(values) == pytest.approx(3.0, rel=0.01)


def test_the_pace_keeps_the_limit_whatever_the_jitter(plan: Rollout) -> None:
    """Arrivals at the safe pace, each delayed by anything up to the jitter, never exceed the limit in any window."""
    limit = limit_of(plan)
    for early, late in ((0.0, limit.jitter), (limit.jitter, 0.0)):
        sent = [number / limit.safe for number in range(2000)]
        arrived = sorted(moment + (late if number % 2 else early) for number, moment in enumerate(sent))
        most = max(
            sum(1 for other in arrived[index : index + 600] if other < moment + limit.window)
            for index, moment in enumerate(arrived[:1000])
        )
        assert most <= limit.requests


def test_connections_are_spread_without_loss(plan: Rollout) -> None:
    """The connections of the platforms are together those of the stage."""
    assert all(sum(by_platform(plan, count).values()) == count for count in range(1, 200))


def test_load_is_derived_from_the_plan(plan: Rollout) -> None:
    """Three test users with a pay run of twenty make sixty creates, and a look at each job."""
    assert bursts(plan, plan.stages[0])["write_burst"] == {"create": 60, "job": 60}


def test_the_planner_tells_programs_and_people_the_same(tmp_path: Path) -> None:
    """`golive capacity` says in its page and in its JSON what a stage needs; exit 0 when it fits."""
    command = ["capacity", "--stage", "canary", "--html", str(tmp_path / "page.html"), "--json"]
    told = CliRunner().invoke(app, command, standalone_mode=False)
    (stage,) = json.loads(told.stdout)["stages"]
    assert (told.return_value, stage["needs"]["feasible"], stage["needs"]["headroom"] > 0.8) == (0, True, True)
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert [batch["batch"] for batch in stage["needs"]["batches"] if batch["batch"] not in page] == []
    assert page.count("<svg") == 2
