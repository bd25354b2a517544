"""The gauntlet against receivers in processes of their own, over real sockets."""

import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from harness.contract import load_contract
from harness.core import Secret, SystemClock, Verdict
from harness.errors import TargetUnreachable, UsageError
from harness.gauntlet import Plan, Receiver, Standing, run_gauntlet
from harness.gauntlet.payloads import event_types, family

sys.path.insert(0, str(Path(__file__).parent))
from strange_receiver import FAULTS, SLOW

STRANGE = Path(__file__).with_name("strange_receiver.py")
RECEIVERS = Path(__file__).resolve().parents[2] / "backend" / "receivers"
OLD, NEW = "old-secret-of-a-test", "new-secret-of-a-test"
QUICK = Plan(
    events=("INITIAL_UPDATE", "CONNECTION_DISABLED", "JOB_COMPLETED", "BILL_UPDATED"),
    burst=40,
    slow_seconds=0.05,
    prompt_seconds=10.0,
    patience=5.0,
    quiet=0.2,
)


@contextmanager
def receiver_of(name, *, observed=True, new=True, file=None, timeout=15.0):
    """A receiver of the examples, or of a file with that fault, under fire."""
    secrets = {"RUTTER_CLIENT_SECRET": OLD, **({"RUTTER_NEW_CLIENT_SECRET": NEW} if new else {})}
    process = subprocess.Popen(  # noqa: S603 - an example of our own
        [sys.executable, str(file or RECEIVERS / f"{name}.py"), "0", name], env={**os.environ, **secrets},
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    root = f"http://127.0.0.1:{process.stdout.readline().strip()}"
    receiver = Receiver(
        f"{root}/webhooks", Secret(OLD), SystemClock(), Secret(NEW) if new else None,
        f"{root}/events?mark={{mark}}" if observed else None, timeout,
    )  # fmt: skip
    receiver.process = process
    try:
        yield receiver
    finally:
        receiver.close()
        process.terminate()
        process.wait(timeout=10)
        process.stdout.close()


def test_a_right_receiver_gets_everything_right():
    """The receiver that does it right passes every scenario, and no fault is named."""
    with receiver_of("right") as receiver:
        report = run_gauntlet(receiver, QUICK, load_contract())
    assert [item for item in report.scenarios if item.standing is not Standing.PASSED] == []
    assert (report.verdict, report.faults, report.score) == (Verdict.GO, (), 1.0)


@pytest.mark.parametrize(
    "name", ["verifies_nothing", "rejects_valid", "hashes_reserialised", "reads_type", "acknowledges_early"]
)
def test_each_wrong_receiver_is_told_by_its_fault(name):
    """The fault of each example is the only one that is named, and the verdict is no_go."""
    with receiver_of(name) as receiver:
        report = run_gauntlet(receiver, QUICK, load_contract())
    assert [fault.id for fault in report.faults] == [name]
    assert report.verdict is Verdict.NO_GO


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_fault_that_no_example_has_is_told_too(name):
    """Receivers with faults of other kinds are told by just that fault, in time whatever they do."""
    with receiver_of(name, file=STRANGE, timeout=2.0 if name == "answers_too_late" else 15.0) as receiver:
        patience = 0.2 if name == "loses_events" else 1.0  # nothing ever comes, and each scenario would wait for it
        plan = replace(QUICK, patience=patience, prompt_seconds=SLOW if name == "acknowledges_slowly" else 10.0)
        report = run_gauntlet(receiver, plan, load_contract())
    assert [fault.id for fault in report.faults] == [name.partition(":")[0]]
    assert report.verdict is Verdict.NO_GO


def restarts(receiver, file, name, again):
    """What kills a receiver and starts it again at its port."""
    port = receiver.url.split(":")[2].split("/")[0]

    def restart():
        receiver.process.kill()
        receiver.process.wait()
        environment = {**os.environ, "RUTTER_CLIENT_SECRET": OLD, "RUTTER_NEW_CLIENT_SECRET": NEW}
        command = [sys.executable, str(file), port, name]
        again.append(subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True))  # noqa: S603
        again[0].stdout.readline()

    return restart


@pytest.mark.parametrize(
    ("file", "name", "fault"),
    [(RECEIVERS / "right.py", "right", "loses_on_kill"), (STRANGE, "acknowledges_early", "acknowledges_early")],
    ids=["kept in memory", "stored by a thread after the acknowledgement"],
)
def test_what_a_kill_loses_is_told_by_its_one_cause(file, name, fault):
    """A receiver that forgets what it acknowledged when it is killed is told by that; one that had not stored it yet,
    by that alone."""
    again = []
    with receiver_of(name, file=file) as receiver:
        restart = restarts(receiver, file, name, again)
        try:
            report = run_gauntlet(receiver, replace(QUICK, patience=1.0, restart=restart), load_contract())
        finally:
            for process in again:
                process.kill()
                process.wait()
                process.stdout.close()
    assert [item.id for item in report.faults] == [fault]


def test_what_cannot_be_seen_is_undecided():
    """Without a second secret and an address that shows what is stored, a right receiver is no go and no no_go."""
    with receiver_of("right", observed=False, new=False) as receiver:
        report = run_gauntlet(receiver, QUICK, load_contract())
    undecided = {item.id for item in report.scenarios if item.standing is Standing.UNDECIDED}
    assert undecided == {
        "rotated_secret", "kept", "event_names", "durable", "duplicates", "distinct_events", "retry", "replay",
        "no_effect",
    }  # fmt: skip
    assert report.verdict is Verdict.INCONCLUSIVE
    assert all(item.remedy for item in report.scenarios if item.id in undecided)


def test_no_secret_is_in_a_report():
    """The secrets that events are signed with are nowhere in the report."""
    with receiver_of("verifies_nothing") as receiver:
        text = str(run_gauntlet(receiver, QUICK, load_contract()).to_json())
    assert OLD not in text
    assert NEW not in text


def test_nothing_listening_and_unknown_events_are_told():
    """An address without a receiver and an event type that does not exist are errors with a message."""
    receiver = Receiver("http://127.0.0.1:9/webhooks", Secret(OLD), SystemClock())
    try:
        with pytest.raises(TargetUnreachable, match="cannot be reached"):
            run_gauntlet(receiver, QUICK, load_contract())
        with pytest.raises(UsageError, match='Did you mean "BILL_CREATED"'):
            run_gauntlet(receiver, Plan(events=("BILL_CREATE",)), load_contract())
    finally:
        receiver.close()


def test_every_event_type_of_the_contract_has_a_family():
    """All 113 event types are known, and the family of an entity's event is the entity."""
    known = event_types(load_contract())
    assert len(known) == 113
    assert {family(code) for code in ("BILL_CREATED", "BILL_DELETED")} == {"BILL"}
    assert family("CONNECTION_NEEDS_UPDATE") == family("HISTORICAL_UPDATE") == "CONNECTION"
    assert family("JOB_COMPLETED") == "JOB"
