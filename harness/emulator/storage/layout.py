"""Which fields of a resource are kept as keys: what its list filters and sorts by."""

from harness.contract import Contract, Resource
from harness.emulator.storage.sortkeys import UPDATED, Layout, Slot

WINDOWS = {
    "updated_at_min": ("updated_at", False), "updated_at_max": ("updated_at", True),
    "created_at_min": ("created_at", False), "created_at_max": ("created_at", True),
    "last_synced_at_min": ("last_synced_at", False),
    "transaction_date_min": ("transaction_date", False), "transaction_date_max": ("transaction_date", True),
    "arrival_at_min": ("arrival_at", False), "arrival_at_max": ("arrival_at", True),
}  # fmt: skip
"""Parameter -> (field, is an upper bound); Unix milliseconds, bounds inclusive. Source: [S24]."""
OTHER = frozenset({"access_token", "cursor", "limit", "sort", "filter", "expand", "force_fetch", "id_type",
                   "response_mode", "start_date", "end_date", "properties", "X-Rutter-Version"})  # fmt: skip
"""Parameters that narrow nothing by a field of the row."""
SORTABLE = ("updated_at", "created_at", "last_synced_at")
SPREAD = ("created_at", "last_synced_at")
"""What every list sorts by and hardly two rows share: they come first in a layout, see `sortkeys.SPREAD`."""


def window_slot(name: str, resource: Resource) -> Slot:
    """The field that a window parameter is about."""
    field = WINDOWS[name][0]
    return Slot("txn_date" if field == "transaction_date" and field not in resource.fields else field, instant=True)


def slot_of(name: str, resource: Resource) -> Slot:
    """The slot of a field that is filtered or sorted by its name."""
    field = resource.fields.get(name)
    return Slot(name, instant=field is not None and field.is_date_time)


def layout_of(contract: Contract, name: str) -> Layout:
    """The layout of a resource; an empty one for what is no list of the contract."""
    resource = contract.resources.get(name)
    if resource is None or "list" not in resource.operations:
        return Layout()
    parameters = resource.operations["list"].parameters
    slots = [slot_of(field, resource) for field in (*SPREAD, *resource.filterable, *SORTABLE)]
    slots += [window_slot(field, resource) if field in WINDOWS else slot_of(field, resource)
              for field in parameters if field not in OTHER]  # fmt: skip
    timed = "updated_at" in resource.fields
    return Layout(tuple(slot for slot in dict.fromkeys(slots) if slot != UPDATED or not timed), timed)
