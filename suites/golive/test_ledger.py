"""The books after sequences of writes: those that were saved, and those that a search comes up with."""

from zlib import crc32

import pytest
import yaml

from harness.checks.ledger import Played
from harness.plan.steps import Step


@pytest.mark.case("ledger.sequence")
def test_a_saved_sequence_agrees(proof, judge, drive, case):
    """A sequence that once confused the books leaves them as it must."""
    from harness.searching.books import Books
    from harness.searching.sequences import play

    steps = [Step.model_validate(step) for step in case.params["steps"]]
    judge(_played(proof, play(Books(drive, proof.requirement), steps), steps), "ledger.agrees")


@pytest.mark.case("ledger.search")
def test_no_sequence_confuses_the_books(proof, judge, drive, case):
    """Whatever is created, changed, paid, repeated and deleted in whatever order: the books agree with a model."""
    from harness.searching.books import Books
    from harness.searching.sequences import search

    found = search(lambda: Books(drive, proof.requirement), at=crc32(case.id.encode()))
    if found is not None:
        _save(drive, case, found)
    judge(_played(proof, found, ()), "ledger.agrees")


def _played(proof, found, steps):
    if found is None:
        return Played(*proof.base, tuple(map(str, steps)), None, "", "", ())
    return Played(*proof.base, tuple(map(str, found.steps)), found.place, found.expected, found.seen, found.evidence)


def _save(drive, case, found):
    """Keep the sequence as a plan that plays it again."""
    steps = [step.model_dump(exclude_defaults=True) for step in found.steps]
    asked = drive.requirement
    name = f"found_{case.resource}_{case.platform.lower()}"
    plan = {
        "plan": name,
        "title": f"The shortest sequence on which {case.resource} on {case.platform} disagreed",
        "about": f"{found.place}: expected {found.expected}, seen {found.seen}",
        "platforms": [case.platform],
        "resources": {
            case.resource: {
                "queries": {"filter": list(asked.filter)},
                "create": {"input": dict(asked.create_input)},
                "update": {"change": dict(asked.changes)} if asked.changes else False,
                "delete": asked.delete,
                "sequences": {name: steps},
            }
        },
    }
    drive.session.keep_plan(name, yaml.safe_dump(plan, sort_keys=False, allow_unicode=True))
