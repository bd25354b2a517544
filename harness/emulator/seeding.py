"""What the connections of the start begin with: generated books, and as many more rows as were asked for."""

from collections.abc import Callable
from itertools import islice

from harness.contract import Contract
from harness.emulator.bookkeeping.growing import STEP, grown
from harness.emulator.clock import EPOCH, MILLISECOND
from harness.emulator.documents import Documents
from harness.emulator.organisation import Organisation
from harness.emulator.settings import EmulatorSettings
from harness.errors import UsageError

Progress = Callable[[str, int, int], None]
"""Called with the list, the rows that it has, and the rows that it will have."""
CHUNK = 5_000
KIND = "grown"


def unseen(_list: str, _rows: int, _of: int) -> None:
    """Nobody watches."""


def grow(
    store: Documents, contract: Contract, settings: EmulatorSettings, organisation: Organisation, progress: Progress
) -> None:
    """Bring each list of `seed_lists` to `seed_size` rows, in the first connection that has rows of it. Goes on where
    an interrupted start ended; several processes share the work. UsageError for a list that no connection has."""
    for name in settings.seed_lists if settings.seed_size else ():
        resource = contract.resource(name)
        for id in organisation.connections:
            if store.count(id, resource.name):
                _grow(store, settings, id, resource.name, progress)
                break
        else:
            raise UsageError(f"emulator setting seed_lists: no connection has {resource.name}")


def _grow(store: Documents, settings: EmulatorSettings, connection: str, name: str, progress: Progress) -> None:
    mark = f"{connection}:{name}"
    with store.transaction():
        first = store.record(KIND, mark)
        if first is None:
            first = {"base": store.count(connection, name), "made": 0}
            store.keep(KIND, mark, first)
    base = list(islice(store.iterate(connection, name), first["base"]))
    originals, oldest = [row.document for row in base], EPOCH + MILLISECOND * min(row.updated for row in base)
    while True:
        with store.transaction():
            state = store.record(KIND, mark)
            total = max(settings.seed_size, state["base"])
            progress(name, state["base"] + state["made"], total)
            numbers = range(state["made"], min(state["made"] + CHUNK, total - state["base"]))
            if not numbers:
                break
            copies = grown(name, originals, numbers, seed=settings.seed, first=oldest - STEP * total)
            store.load(connection, name, ((copy.fields, copy.body, copy.extra) for copy in copies))
            store.keep(KIND, mark, {**state, "made": numbers.stop})
    store.lengthened(connection, name)
