"""What a load test measures: counts and HDR histograms per second in each process, merged without loss afterwards."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hdrh.histogram import HdrHistogram

LONGEST = 30 * 86_400 * 1_000_000
DIGITS = 3
"""Histograms hold microseconds up to 30 days with three significant digits: a value is at most 0.1 % off."""
AT_SIGHT = "a wrong answer, "
"""In the text of a problem that is no error: the answer came with a success, and is not what was asked for."""
BIN = 0.01
"""Seconds; sends are counted in bins of that width."""


def histogram() -> Any:
    """An empty histogram of microseconds."""
    return HdrHistogram(1, LONGEST, DIGITS)


def micro(seconds: float) -> int:
    """Whole microseconds, at least one: what a histogram can hold."""
    return min(LONGEST, max(1, round(seconds * 1e6)))


class Recorder:
    """Collects in one process; `take` gives what came since the last time, as plain data."""

    def __init__(self, worker: int) -> None:
        self.worker = worker
        self._fresh()

    def _fresh(self) -> None:
        self.counts: dict[str, Counter[str]] = {}
        self._values: dict[tuple[str, str], list[int]] = {}
        self._sends: Counter[int] = Counter()
        self.problems: Counter[str] = Counter()
        self.refusals: list[float] = []

    def count(self, of: str, name: str, number: int = 1) -> None:
        """Count something of an endpoint class."""
        counter = self.counts.get(of)
        if counter is None:
            counter = self.counts[of] = Counter()
        counter[name] += number

    def value(self, kind: str, of: str, seconds: float) -> None:
        """A measured time: `latency` from the intended start, `service` from the send, `lateness`, `fresh`."""
        values = self._values.get((kind, of))
        if values is None:
            values = self._values[kind, of] = []
        values.append(micro(seconds))

    def send(self, at: float) -> None:
        """A request left, so many seconds after the start."""
        self._sends[int(at / BIN)] += 1

    def take(self, second: int, *, cpu: float, in_flight: int, queued: int, lost_slots: int) -> dict[str, Any]:
        """The window that ends now."""
        encoded = {}
        for (kind, of), values in self._values.items():
            filled = histogram()
            for value in values:
                filled.record_value(value)
            encoded[f"{kind} {of}"] = filled.encode().decode("ascii")
        window = {
            "worker": self.worker,
            "second": second,
            "counts": {of: dict(counter) for of, counter in self.counts.items()},
            "histograms": encoded,
            "sends": {str(place): count for place, count in self._sends.items()},
            "problems": dict(self.problems),
            "refusals": self.refusals,
            "cpu": cpu,
            "in_flight": in_flight,
            "queued": queued,
            "lost_slots": lost_slots,
        }
        self._fresh()
        return window


class Measured:
    """Everything that the windows of all processes say together."""

    def __init__(self) -> None:
        self.counts: dict[str, Counter[str]] = {}
        self.histograms: dict[str, Any] = {}
        self.sends: Counter[int] = Counter()
        self.problems: Counter[str] = Counter()
        self.refusals: list[float] = []
        """When requests left that were answered 429, in seconds after the start."""
        self.cpu: dict[int, list[float]] = {}
        self.lost_slots = 0
        self.seconds: dict[int, Counter[str]] = {}
        self.slow: dict[int, Any] = {}
        self.history: dict[str, list[tuple[int, int, int]]] = {}
        """By class: (second, errors, answered) of each window, for tests that look at the order of things."""

    @classmethod
    def of(cls, windows: Iterable[Mapping[str, Any]]) -> "Measured":
        """Merge windows."""
        merged = cls()
        for window in sorted(windows, key=lambda window: window["second"]):
            merged.add(window)
        return merged

    def add(self, window: Mapping[str, Any]) -> None:
        """Take one more window of one process."""
        second = int(window["second"])
        row = self.seconds.setdefault(second, Counter())
        for of, counter in window["counts"].items():
            self.counts.setdefault(of, Counter()).update(counter)
            row.update(counter)
            answered = counter.get("answered", 0)
            self.history.setdefault(of, []).append((second, counter.get("errors", 0), answered))
        row.update({"waiting": window["queued"], "open": window["in_flight"]})
        for name, text in window["histograms"].items():
            self._histogram(name).decode_and_add(text.encode("ascii"))
            if name.startswith("latency "):
                if second not in self.slow:
                    self.slow[second] = histogram()
                self.slow[second].decode_and_add(text.encode("ascii"))
        self.sends.update({int(place): count for place, count in window["sends"].items()})
        self.problems.update(window["problems"])
        self.refusals += window["refusals"]
        self.cpu.setdefault(int(window["worker"]), []).append(float(window["cpu"]))
        self.lost_slots += int(window["lost_slots"])

    def total(self, name: str, of: str | None = None) -> int:
        """A count over one class, or over all but webhooks."""
        if of is not None:
            return self.counts.get(of, Counter())[name]
        return sum(counter[name] for other, counter in self.counts.items() if other != "webhook")

    def merged(self, kind: str, of: str | None = None) -> Any:
        """The histogram of a kind over one class, or over all but webhooks."""
        if of is not None:
            return self.histograms.get(f"{kind} {of}") or histogram()
        whole = histogram()
        for name, part in self.histograms.items():
            if name.startswith(f"{kind} ") and name != f"{kind} webhook":
                whole.add(part)
        return whole

    def at_rank(self, filled: Any, rank: int) -> float:
        """Seconds: the value at a 1-based rank."""
        return float(filled.get_value_at_percentile(100.0 * rank / filled.total_count)) / 1e6

    def quantile(self, kind: str, share: float, of: str | None = None) -> float | None:
        """Seconds below which `share` of the values lie; None without any."""
        filled = self.merged(kind, of)
        return float(filled.get_value_at_percentile(share * 100)) / 1e6 if filled.total_count else None

    def busiest(self, window: float) -> int:
        """Most sends in any sliding window of that many seconds, at the resolution of the bins."""
        width = max(1, round(window / BIN))
        places = sorted(self.sends)
        most = current = start = 0
        for place in places:
            current += self.sends[place]
            while places[start] <= place - width:
                current -= self.sends[places[start]]
                start += 1
            most = max(most, current)
        return most

    def before_refusals(self, window: float) -> list[int]:
        """For each 429: how many requests of all processes had left in the window that ends with it."""
        width = round(window / BIN)
        places = [int(at / BIN) for at in self.refusals]
        return [sum(self.sends[other] for other in range(place - width + 1, place + 1)) for place in places]

    def _histogram(self, name: str) -> Any:
        if name not in self.histograms:
            self.histograms[name] = histogram()
        return self.histograms[name]


def read_windows(path: Path) -> list[dict[str, Any]]:
    """The windows of a test from its file; a last line that was cut off by a crash is left out."""
    if not path.exists():
        return []
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found
