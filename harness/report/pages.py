"""The template environment of every page: everything from outside is escaped, nothing needs a script or a network."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from harness.report.legible import plural

TEMPLATES = Path(__file__).parent / "templates"


def page(template: str, **context: object) -> str:
    """A page from a template. `charts` in the context are our own SVG and are not escaped."""
    charts = context.get("charts")
    if isinstance(charts, Mapping):
        context["charts"] = {key: _drawn(value) for key, value in charts.items()}
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        {"seconds": seconds, "span": span, "number": _number, "moment": _moment, "plural": plural, "percent": _percent}
    )
    return environment.get_template(template).render(**context)


def _drawn(value: Any) -> Any:
    return tuple(_drawn(item) for item in value) if isinstance(value, tuple) else Markup(value)  # noqa: S704 - own SVG


def seconds(value: float) -> str:
    """`412 ms`, `3.2 s`, `4 min 10 s`."""
    if value < 1:
        return f"{value * 1000:.0f} ms"
    minutes, rest = divmod(value, 60)
    return f"{minutes:.0f} min {rest:.0f} s" if minutes else f"{rest:.1f} s"


def span(value: float | None) -> str:
    """A longer time in the unit that reads best; `never` for None."""
    if value is None:
        return "never"
    for name, size in (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)):
        if value >= 2 * size:
            return f"{value / size:.3g} {name}"
    return f"{value * 1000:.0f} ms"


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"


def _percent(value: float) -> str:
    return f"{value:.1%}" if value < 9.995 else f"{value:,.0%}"


def _moment(value: str | None) -> str:
    """`2026-11-24 08:00:12 UTC`."""
    if not value:
        return "unknown"
    return datetime.fromisoformat(value).strftime("%Y-%m-%d %H:%M:%S UTC")
