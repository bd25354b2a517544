"""What only an emulator can tell and do beside its API: when requests arrived, which webhooks it raised, events on
demand. Nothing of it exists at a real target.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from harness.errors import TargetUnreachable, UsageError
from harness.rollout.asking import ask

PATIENCE = 30.0
WHOLE_LOG = 1_000_000


@dataclass(frozen=True, slots=True)
class Raised:
    """Webhooks after a mark: `events` distinct ones, `waiting` of them not delivered yet. `newest` is the next mark.
    `tried` deliveries were rightly signed, `refused` of them not taken with a 2xx; `slowest` is the longest time, in
    seconds, between the first and the last try of one."""

    events: int
    waiting: int
    newest: int
    tried: int = 0
    refused: int = 0
    slowest: float = 0.0


class Emulated:
    """The control plane of one emulator. TargetUnreachable when it does not answer, UsageError when it refuses."""

    def __init__(self, base_url: str) -> None:
        split = urlsplit(base_url)
        self._root = f"{split.scheme}://{split.netloc}/_emulator"

    @property
    def emit_url(self) -> str:
        """Where an event is asked for."""
        return f"{self._root}/webhooks/emit"

    def arrivals(self) -> dict[int, int] | None:
        """Requests that arrived since the last question, by bin from the first; None when it is no such emulator."""
        try:
            told = self._ask("GET", "arrivals")["arrivals"]
        except (TargetUnreachable, UsageError, KeyError):
            return None  # the comparison is then not shown
        places = {int(place): int(count) for place, count in told.items()}
        first = min(places, default=0)
        return {place - first: count for place, count in places.items()}

    def abuse(self, kinds: Mapping[str, float]) -> None:
        """Let webhooks go wrong from now on, such as `{"drop": 0.01}`."""
        self._ask("POST", "webhooks/abuse", dict(kinds))

    def link(self, platform: str) -> str:
        """Connect a platform as an end user does; the public token."""
        return str(self._ask("POST", "link", {"platform": platform})["public_token"])

    def hears(self, url: str) -> str | None:
        """The endpoint that already sends webhooks to the host of an address; None without one."""
        for endpoint in self._ask("GET", "webhooks")["webhooks"]:
            if urlsplit(endpoint["url"]).netloc == urlsplit(url).netloc and not endpoint["disabled"]:
                return str(endpoint["id"])
        return None

    def deliver_to(self, url: str) -> str:
        """Send every event there from now on; the endpoint's id."""
        return str(self._ask("POST", "webhooks", {"url": url})["id"])

    def forget(self, endpoint: str) -> None:
        """Send nothing there any more."""
        self._ask("DELETE", f"webhooks/{endpoint}")

    def raised(self, endpoint: str, mark: int) -> Raised:
        """What was raised for an endpoint after a mark (0: ever), sent or not; equal bodies are one event."""
        log = self._ask("GET", f"webhooks/deliveries?endpoint={endpoint}&limit={WHOLE_LOG}")["deliveries"]
        fresh = [item for item in log if item["number"] > mark and item["copy_of"] is None]
        waiting = {item["body"] for item in fresh if item["state"] == "waiting"}
        newest = max((item["number"] for item in fresh), default=mark)
        tries = [tried for item in fresh for tried in item["attempts"] if tried["rightly_signed"]]
        slowest = max((_between(item["attempts"]) for item in fresh), default=0.0)
        refused = sum(not 200 <= tried.get("status", 0) < 300 for tried in tries)
        return Raised(len({item["body"] for item in fresh}), len(waiting), newest, len(tries), refused, slowest)

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        return ask(f"{self._root}/{path}", method=method, body=body, patience=PATIENCE)


def _between(attempts: Sequence[Mapping[str, Any]]) -> float:
    if not attempts:
        return 0.0
    first, last = (datetime.fromisoformat(attempts[place]["at"]) for place in (0, -1))
    return (last - first).total_seconds()
