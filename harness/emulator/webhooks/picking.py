"""Platform data in webhooks: what a configuration picks from the raw record, by JSONPath. Source: facts section 7."""

import re
from collections.abc import Mapping
from typing import Any

from harness.emulator.webhooks.events import Event

STEP = re.compile(r"\.([A-Za-z_][\w-]*)|\[(\d+)\]|\['([^']*)'\]")


def picked(event: Event, endpoint: Mapping[str, Any]) -> dict[str, Any]:
    """The event's payload, with `platform_data` in its entities where the endpoint is configured for this event and
    platform. Where exactly it stands is UNKNOWN (INFERRED: beside the entity's other fields)."""
    chosen = ((endpoint.get("platform_data_config") or {}).get(event.code) or {}).get(event.platform)
    if not chosen or event.entity is None:
        return event.payload
    values = {name: value_at(event.platform_data, path) for name, path in chosen.items()}
    shown = event.payload[event.entity]
    items = [{**item, "platform_data": values} for item in (shown if isinstance(shown, list) else [shown])]
    return {**event.payload, event.entity: items if isinstance(shown, list) else items[0]}


def value_at(data: Any, path: str) -> Any:
    """The value at `$.a.b[0]['c d']`; None when there is none, or when the path asks for more than that."""
    if not path.startswith("$"):
        return None
    place, found = 1, data
    while place < len(path):
        step = STEP.match(path, place)
        if step is None:
            return None
        name, index, quoted = step.groups()
        if index is not None:
            found = found[int(index)] if isinstance(found, list) and int(index) < len(found) else None
        else:
            found = found.get(name or quoted) if isinstance(found, dict) else None
        place = step.end()
    return found
