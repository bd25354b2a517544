"""Settings as text: for the command line, for the list of settings, and for the pipe to a child process."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from harness.core import Secret, iso_utc
from harness.errors import UsageError


def parse_value(name: str, kind: Any, text: str) -> Any:
    """`text` as the type of the setting; UsageError naming the setting otherwise."""
    try:
        return _parse(kind, text)
    except ValueError as error:
        raise UsageError(f'emulator setting {name}: "{text}" does not fit') from error


def _parse(kind: Any, text: str) -> Any:
    if kind is bool:
        if text.lower() not in {"true", "false"}:
            raise ValueError(text)
        return text.lower() == "true"
    if kind is int:
        return int(text)
    if kind is float:
        return float(text)
    if kind in (datetime, datetime | None):
        return read_instant(text)
    if kind == tuple[str, ...]:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    if kind == (Secret | None):
        return Secret(text)
    if kind == Mapping[str, Secret]:
        pairs = (part.partition("=") for part in text.split(",") if part.strip())
        return {platform.strip(): Secret(token.strip()) for platform, _, token in pairs}
    return text


def read_instant(text: str) -> datetime:
    """An ISO instant, UTC when it names no zone; ValueError otherwise."""
    value = datetime.fromisoformat(text)
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def show_value(value: Any) -> str:
    """A setting's value for a person."""
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}=***" for key in value) or "none"
    if isinstance(value, datetime):
        return iso_utc(value)
    if isinstance(value, bool):
        return str(value).lower()
    return "none" if value is None else str(value)


def to_wire(value: Any) -> Any:
    """A setting as JSON, secrets included: only for the pipe to the emulator's own process."""
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {key: to_wire(item) for key, item in value.items()}
    return list(value) if isinstance(value, tuple) else value


def from_wire(kind: Any, value: Any) -> Any:
    """The inverse of `to_wire` for a setting of type `kind`."""
    if value is None:
        return None
    if kind in (datetime, datetime | None):
        return read_instant(value)
    if kind == tuple[str, ...]:
        return tuple(value)
    if kind == (Secret | None):
        return Secret(value)
    if kind == Mapping[str, Secret]:
        return {key: Secret(item) for key, item in value.items()}
    return value
