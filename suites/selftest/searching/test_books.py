"""The model of the ledger against the emulator: it agrees with a right one, and finds the way to a wrong one."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from harness.contract import load_contract
from harness.core import SystemClock
from harness.drive import Session, discover, resolve_target
from harness.emulator import EmulatorProcess, EmulatorSettings
from harness.plan import default_plan_paths, expand, load_plans, merge, select_cases
from harness.plan.steps import Step
from harness.searching.books import Books
from harness.searching.requests import requests_of
from harness.searching.sequences import play, search

PLATFORM = "QUICKBOOKS"
EVERYTHING = [
    Step(do="create"),
    Step(do="pay"),
    Step(do="together"),
    Step(do="update", object=1, field="memo"),
    Step(do="replay"),
    Step(do="filter", field="document_number"),
    Step(do="unpay"),
    Step(do="delete", object=2),
    Step(do="list"),
]


class Desk:
    """One emulator and a session on it."""

    def __init__(self, emulator: EmulatorProcess, folder: Path) -> None:
        contract = load_contract()
        merged = merge(load_plans(default_plan_paths(), contract), contract, platforms=[PLATFORM])
        requirements = {(item.platform, item.resource): item for item in merged}
        target = resolve_target("emulator", environ=emulator.environment(), settings_file=folder / "none.toml")
        self.session = Session(
            discover(target, [PLATFORM], rate="off"), contract, requirements=requirements, record=lambda _: None,
            directory=folder, worker="desk", redaction_key=b"key", clock=SystemClock(),
        )  # fmt: skip
        self.cases = expand(merged, contract)
        self._root = emulator.base_url.removesuffix("/versioned")

    def switch(self, *names: str) -> None:
        """Switch these defects on and all others off."""
        httpx.post(f"{self._root}/_emulator/defects", json={"names": list(names)}).raise_for_status()

    def books(self) -> Books:
        """Empty books of bills."""
        case = next(case for case in self.cases if case.kind == "ledger.search" and case.resource == "bills")
        return Books(self.session.drive(case), self.session.requirements[PLATFORM, "bills"])


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk for the tests of this module."""
    emulator = EmulatorProcess.start(EmulatorSettings(rate_limit=0))
    found = Desk(emulator, tmp_path_factory.mktemp("desk"))
    try:
        yield found
    finally:
        found.session.close()
        emulator.stop()


def test_the_clean_emulator_agrees_after_every_step(desk: Desk) -> None:
    """Creates, payments, updates, repeats, filters and deletes leave the books as the model has them."""
    books = desk.books()
    assert {step.do for step in EVERYTHING} == set(books.words)
    assert play(books, EVERYTHING) is None
    assert [item.alive for item in books.objects] == [True, True, False]


@pytest.mark.parametrize(
    ("defect", "place"),
    [
        ("payment_leaves_due", "amount_due after the payment"),
        ("delete_does_nothing", "the deleted object"),
        ("key_ignored", "the answer to a repeated key"),
        ("create_not_listed", "the list"),
        ("patch_drops_memo", "memo after the update"),
    ],
)
def test_a_wrong_step_is_found_where_it_happens(desk: Desk, defect: str, place: str) -> None:
    """A saved sequence disagrees at the step that goes wrong, and says what is not as it must be."""
    desk.switch(defect)
    try:
        found = play(desk.books(), EVERYTHING)
    finally:
        desk.switch()
    assert found is not None
    assert found.place.startswith(place)
    assert found.steps == tuple(EVERYTHING[: len(found.steps)])


def test_a_search_ends_with_the_shortest_sequence(desk: Desk) -> None:
    """A search on a target that only says it deletes finds the two steps that show it."""
    desk.switch("delete_does_nothing")
    try:
        found = search(desk.books, at=7, sequences=12, length=8)
    finally:
        desk.switch()
    assert found is not None
    assert [str(step) for step in found.steps] == ["create", "delete 0"]


def test_searches_are_proven_on_demand_only(desk: Desk) -> None:
    """What takes thousands of requests is selected by name, never by default."""
    assert not any(case.on_demand for case in select_cases(desk.cases))
    assert {case.area for case in select_cases(desk.cases, areas=["ledger"])} == {"ledger"}


def test_requests_are_made_from_the_contract(desk: Desk) -> None:
    """The same seed makes the same requests; wrong bodies are wrong; no made-up token is among them."""
    contract = desk.session.contract
    create = contract.resource("payment_terms").operations["create"]
    made = requests_of(contract, create, wrong=True, at=5, count=4)
    assert made == requests_of(contract, create, wrong=True, at=5, count=4)
    assert made
    assert not any(name == "access_token" for request in made for name, _ in request.query)
