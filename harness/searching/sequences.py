"""Searching sequences of steps on which the target and the model of the ledger disagree; the shortest one is kept."""

from collections.abc import Callable, Iterable
from typing import Any

from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import FlakyFailure
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from harness.plan.steps import Step
from harness.searching.books import Books, Disagreement, Disagrees

SEQUENCES = 12
LENGTH = 10
CHOICES = st.integers(min_value=0, max_value=5)


def search(
    books: Callable[[], Books], *, at: int, sequences: int = SEQUENCES, length: int = LENGTH
) -> Disagreement | None:
    """Try `sequences` sequences of up to `length` steps, drawn from the seed `at`; None when the books always agreed.
    A sequence that does not disagree again when it is shrunk is given as it was found first: the target is not
    deterministic."""
    seen: list[Disagreement] = []

    def note(found: Disagrees) -> None:
        seen.append(found.found)

    machine = _machine(books, note)
    options = settings(
        max_examples=sequences, stateful_step_count=length, deadline=None, database=None, print_blob=False,
        verbosity=Verbosity.quiet, phases=(Phase.generate, Phase.shrink), suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    try:
        seed(at)(machine)
        run_state_machine_as_test(machine, settings=options)
    except Disagrees as found:
        return found.found
    except FlakyFailure:
        return min(seen, key=lambda found: len(found.steps)) if seen else None
    return None


def play(books: Books, steps: Iterable[Step]) -> Disagreement | None:
    """Play a saved sequence; None when the books agreed after every step."""
    try:
        for step in steps:
            books.play(step)
    except Disagrees as found:
        return found.found
    return None


def _machine(books: Callable[[], Books], note: Callable[[Disagrees], None]) -> type[RuleBasedStateMachine]:
    """A state machine with one rule per word that the resource knows."""
    sample = books()

    class Ledger(RuleBasedStateMachine):
        """The books of one sequence."""

        def __init__(self) -> None:
            super().__init__()
            self.books = books()

        def go(self, step: Step) -> None:
            """Play one step."""
            try:
                self.books.play(step)
            except Disagrees as found:
                note(found)
                raise

    def make(word: str) -> Any:
        def step(self: Ledger, which: int, field: str) -> None:
            self.go(Step(do=word, object=which, field=field))  # type: ignore[arg-type]

        step.__name__ = word
        return rule(which=CHOICES, field=st.sampled_from(sample.fields(word) or ("",)))(step)

    return type("LedgerOfTarget", (Ledger,), {word: make(word) for word in sample.words})
