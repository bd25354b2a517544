"""Inline SVG charts for pages that need no script and no network. Colours are those of the page's style sheet."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 680, 220
LEFT, RIGHT, TOP, BOTTOM = 58, 12, 24, 34
MOST_POINTS = 400


@dataclass(frozen=True, slots=True)
class Line:
    """A named curve of (x, y) points in the order of x. `tone` is a class of the style sheet: c0 to c5, limit, plan."""

    name: str
    points: Sequence[tuple[float, float]]
    tone: str = "c0"


def line_chart(lines: Iterable[Line], *, title: str, x_label: str, y_label: str) -> str:
    """Curves over one pair of axes that begin at zero."""
    drawn = [line for line in lines if line.points]
    frame = _Frame.around(drawn)
    body = [_path(line, frame, filled=False) for line in drawn]
    return _svg(body, frame, drawn, title, x_label, y_label)


def stacked_chart(lines: Iterable[Line], marks: Iterable[Line] = (), *, title: str, x_label: str, y_label: str) -> str:
    """Areas on top of each other, the first at the bottom, with further curves (limits) drawn over them."""
    below: list[float] = []
    stacked: list[Line] = []
    for line in lines:
        below = below or [0.0] * len(line.points)
        below = [base + y for base, (_, y) in zip(below, line.points, strict=True)]
        stacked.append(Line(line.name, [(x, y) for (x, _), y in zip(line.points, below, strict=True)], line.tone))
    over = list(marks)
    frame = _Frame.around([*stacked, *over])
    body = [_path(line, frame, filled=True) for line in reversed(stacked)]
    body += [_path(line, frame, filled=False) for line in over]
    return _svg(body, frame, [*stacked, *over], title, x_label, y_label)


@dataclass(frozen=True, slots=True)
class _Frame:
    most_x: float
    most_y: float

    @classmethod
    def around(cls, lines: Sequence[Line]) -> "_Frame":
        xs = [x for line in lines for x, _ in line.points]
        ys = [y for line in lines for _, y in line.points]
        return cls(max(xs, default=1) or 1, _round_up(max(ys, default=1) or 1))

    def x(self, value: float) -> float:
        return LEFT + value / self.most_x * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        return HEIGHT - BOTTOM - value / self.most_y * (HEIGHT - TOP - BOTTOM)


def _round_up(value: float) -> float:
    step = 10.0 ** math.floor(math.log10(value))
    return next(factor * step for factor in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if factor * step >= value * 0.999)


def _thinned(points: Sequence[tuple[float, float]]) -> Sequence[tuple[float, float]]:
    """At most `MOST_POINTS`; of neighbours the highest stays, so that no peak is lost."""
    if len(points) <= MOST_POINTS:
        return points
    size = math.ceil(len(points) / MOST_POINTS)
    groups = [points[start : start + size] for start in range(0, len(points), size)]
    return [max(group, key=lambda point: point[1]) for group in groups]


def _path(line: Line, frame: _Frame, *, filled: bool) -> str:
    places = [(frame.x(x), frame.y(y)) for x, y in _thinned(line.points)]
    steps = " L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    if not filled:
        return f'<path class="{line.tone} curve" d="M{steps}"/>'
    ground = frame.y(0)
    return (
        f'<path class="{line.tone} area" d="M{places[0][0]:.1f} {ground:.1f} L{steps} '
        f'L{places[-1][0]:.1f} {ground:.1f} Z"/>'
    )


def _svg(body: list[str], frame: _Frame, lines: Sequence[Line], title: str, x_label: str, y_label: str) -> str:
    parts = [
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT + 22}" role="img" aria-label="{escape(title)}">',
        f"<title>{escape(title)}</title>",
    ]
    for part in range(5):
        value = frame.most_y * part / 4
        y = frame.y(value)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{_short(value)}</text>')
    for part in range(7):
        value = frame.most_x * part / 6
        x = frame.x(value)
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{_short(value)}</text>')
    parts += body
    parts.append(f'<text class="axis" x="{WIDTH - RIGHT}" y="{HEIGHT - 4}" text-anchor="end">{escape(x_label)}</text>')
    parts.append(f'<text class="axis" x="{LEFT}" y="{TOP - 10}">{escape(y_label)}</text>')
    at = float(LEFT)
    for line in lines:
        parts.append(f'<rect class="{line.tone} key" x="{at:.0f}" y="{HEIGHT + 4}" width="10" height="10" rx="2"/>')
        parts.append(f'<text x="{at + 14:.0f}" y="{HEIGHT + 13}">{escape(line.name)}</text>')
        at += 26 + 6.6 * len(line.name)
    return "".join([*parts, "</svg>"])


def _short(value: float) -> str:
    if value >= 1e6:
        return f"{value / 1e6:.3g}M"
    if value >= 1e4:
        return f"{value / 1e3:.3g}k"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
