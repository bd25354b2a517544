"""From plans to cases to parametrised tests."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from harness.checks import all_checks
from harness.contract import Contract, load_contract
from harness.drive import separate_credentials
from harness.errors import UsageError
from harness.plan import default_plan_paths, expand, load_plans, merge
from harness.plan.areas.backend import of_backend
from harness.plan.areas.edits import of_live
from harness.plan.backend import BackendPlan, load_backend
from harness.plan.case import Case, Requirement
from harness.plan.select import each_once, select_cases
from harness.pytest_plugin.settings import RunSettings

ROUND = "#"
"""Before the number of a repetition in the id of a test. No id of a case has one."""

MARKER = "case(kind, ...): the test proves cases of these kinds; it is parametrised from the selected plans"


@dataclass(frozen=True)
class Selection:
    """What the settings select: requirements and cases, the same in every process."""

    settings: RunSettings

    @cached_property
    def contract(self) -> Contract:
        """The packaged contract."""
        return load_contract()

    @cached_property
    def plan_paths(self) -> tuple[Path, ...]:
        """The plan files of this run."""
        return tuple(Path(path) for path in self.settings.plans) or tuple(default_plan_paths())

    @cached_property
    def requirements(self) -> Mapping[tuple[str, str], Requirement]:
        """What the plans ask, by (platform, resource)."""
        plans = load_plans(self.plan_paths, self.contract, check_ids=frozenset(all_checks()))
        merged = merge(
            plans,
            self.contract,
            platforms=self.settings.platforms or None,
            resources=self.settings.resources or None,
        )
        return {(item.platform, item.resource): item for item in merged}

    @cached_property
    def cases(self) -> list[Case]:
        """Every selected case, in a fixed order."""
        chosen = select_cases(
            [
                *expand(self.requirements.values(), self.contract),
                *self._credentials(),
                *self._backend(),
                *self._edits(),
            ],
            areas=self.settings.select,
            resources=self.settings.resources,
        )
        left = each_once(chosen) if self.settings.each_once else chosen
        named, ids = frozenset(self.settings.of_plans), self.settings.of_cases
        asked = [case for case in left if not named or not named.isdisjoint(case.plans)]
        return asked if ids is None else [case for case in asked if case.id in frozenset(ids)]

    def _credentials(self) -> Iterator[Case]:
        """The one case that is about the user's own settings: there when two organisations are configured."""
        if separate_credentials(Path(self.settings.settings_file)) is not None:
            platform = next(platform for platform, _ in self.requirements)
            yield Case("config.credentials", platform, None, "", {"settings_file": self.settings.settings_file})

    @cached_property
    def backend(self) -> BackendPlan | None:
        """The plan of the backend that is proven; None when none is. Its world is an emulator of its own, also beside a
        target that is another emulator."""
        return load_backend(self.contract, Path(self.settings.backend)) if self.settings.proves_backend else None

    def _backend(self) -> Iterator[Case]:
        if self.backend is not None and self.backend.platform in (self.settings.platforms or (self.backend.platform,)):
            yield from of_backend(self.backend)

    def _edits(self) -> Iterator[Case]:
        """What only a person can do: on a live target always, so that nobody takes it for done."""
        if self.settings.asks_person:
            yield from of_live(self.requirements.values(), self.contract, self.settings.await_edits)

    @cached_property
    def by_kind(self) -> Mapping[str, list[Case]]:
        """The cases of each kind."""
        kinds: dict[str, list[Case]] = {}
        for case in self.cases:
            kinds.setdefault(case.kind, []).append(case)
        return kinds


def checked(settings: RunSettings) -> Selection:
    """What the settings select, with names in the contract's spelling. Raises GoliveError for wrong plans, platforms,
    resources, areas and settings of the emulator, and when nothing is left: all that can be known before anything is
    touched."""
    contract = load_contract()
    named = settings.model_copy(
        update={
            "platforms": tuple(contract.platform(name) for name in settings.platforms),
            "resources": tuple(contract.resource(name).name for name in settings.resources),
        }
    )
    selection = Selection(_split(named) if named.defects else named)
    if not selection.cases:
        raise UsageError("no case is left: the selection excludes everything that the plans ask for")
    if named.target == "emulator":
        from harness.emulator import EmulatorSettings

        EmulatorSettings().with_options(named.emulator)
    return selection


def _split(settings: RunSettings) -> RunSettings:
    """Each defect to its owner, the emulator or the reference backend; UsageError for a name that neither has."""
    from harness.backend.defects import all_defects as of_backend
    from harness.contract.loader import suggest
    from harness.emulator.defects import all_defects as of_emulator

    known = {*of_backend(), *of_emulator()}
    for name in settings.defects:
        if name not in known:
            raise UsageError(f'unknown defect "{name}"{suggest(name, known)}')
    theirs = tuple(name for name in settings.defects if name in of_backend())
    ours = tuple(name for name in settings.defects if name not in theirs)
    return settings.model_copy(update={"defects": ours, "backend_defects": theirs})


def parametrise(metafunc: pytest.Metafunc, selection: Selection) -> None:
    """Give a test marked `case(...)` one parameter per selected case of its kinds."""
    marker = metafunc.definition.get_closest_marker("case")
    if marker is None:
        return
    cases = [case for kind in marker.args for case in selection.by_kind.get(kind, ())]
    rounds = range(1, selection.settings.repeat + 1)
    metafunc.parametrize(
        "case",
        [
            pytest.param(case, id=case.id if number == 1 else f"{case.id}{ROUND}{number}")
            for number in rounds
            for case in cases
        ],
    )


def round_of(item: pytest.Item) -> int:
    """Which repetition of its case a test is, from 1."""
    _, mark, number = str(getattr(getattr(item, "callspec", None), "id", "")).rpartition(ROUND)
    return int(number) if mark and number.isdigit() else 1


def case_of(item: pytest.Item) -> Case | None:
    """The case that a collected test proves; None for any other test."""
    parameters: Mapping[str, Any] = getattr(getattr(item, "callspec", None), "params", {})
    found = parameters.get("case")
    return found if isinstance(found, Case) else None


def is_empty_parameter_set(item: pytest.Item) -> bool:
    """Whether the test is the placeholder that pytest makes for a `case` test without any selected case."""
    return item.get_closest_marker("case") is not None and case_of(item) is None
