"""One backend in one world: what the cases of its suite do. One per worker; a case at a time acts through it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from harness.adapter.address import RigAddress
from harness.adapter.surface import Surface, sample
from harness.adapter.world import EmulatedWorld
from harness.core import Clock, Secret
from harness.drive import Drive
from harness.errors import UsageError
from harness.plan.backend import BackendPlan
from harness.plan.rollout import seconds

T = TypeVar("T")
PAUSE, LONGEST_PAUSE, SLACK = 0.02, 0.25, 0.1
"""Seconds between two looks at a backend: a tenth of the time that was waited already, within bounds."""
EDITED = "vendors"
"""The resource that is edited. Every plan of a backend mirrors it, or most cases are inconclusive."""
QUIET, UNREST = 0.4, 10.0
UNDER_WAY = 0.3
EXPOSE = {
    "webhooks": "the path that takes webhooks, as `webhooks`",
    "exchange": "where the browser posts the public token of Link, as `exchange`",
    "connections": "an address that lists its connections with their health as JSON, as `connections`",
    "data": "an address that lists what it mirrors of a connection as JSON, as `data`",
    "disconnect": "an address that disconnects a connection, as `disconnect`",
    "health": "an address that says whether it is well, as `health`",
    "metrics": "its metrics as Prometheus text, as `metrics`",
    "queue": "the name of the metric that counts waiting webhooks, as `queue`",
    "files": "its logs and a dump of its database, as `files`",
    "pages": "the pages that people see, as `pages`",
}
"""What a backend has to offer, by the key of the plan, in words for the report."""


@dataclass(frozen=True, slots=True)
class Linked:
    """A connection that an end user made."""

    id: str
    public_token: Secret


class Rig:
    """Actions and looks. `drive` is that of the case under way: evidence goes to it."""

    def __init__(self, plan: BackendPlan, address: RigAddress, clock: Clock) -> None:
        self.plan = plan
        self.address = address
        self.clock = clock
        self.world = EmulatedWorld(address, clock)
        self.backend = Surface(plan, address.backend, clock)
        self.secrets: list[tuple[str, Secret]] = [("client_secret", address.client_secret), *address.others]
        self._drive: Drive | None = None
        self._connected: str | None = None
        self._rested = False
        self._made: list[str] = []
        self._hook: str | None = None

    @property
    def files(self) -> tuple[str, ...]:
        """Patterns of the files that the backend writes."""
        return self.address.files or self.plan.files

    @property
    def drive(self) -> Drive:
        """The drive of the case under way."""
        if self._drive is None:
            raise UsageError("no case acts through the rig")
        return self._drive

    def begin(self, drive: Drive) -> None:
        """A case begins. The backend hears of the world from the first one on."""
        self._drive = drive
        for kind, secret in self.secrets:
            drive.session.redactor.learn(kind, secret.reveal())
        if self._hook is None and self.plan.webhooks is not None:
            made = self.world.admin("POST", "webhooks", url=self.address.backend + self.plan.webhooks)
            self._hook = str(made["id"])

    def needs(self, *names: str) -> None:
        """End the case as inconclusive when the backend does not offer one of these keys of the plan."""
        for name in names:
            if not (self.files if name == "files" else getattr(self.plan, name)):
                self.drive.inconclusive(f"plans/backend.yaml does not say {EXPOSE[name]}. Expose it to decide this.")
        if "data" in names and self.plan.data is not None and EDITED not in self.plan.data.resources:
            self.drive.inconclusive(f"plans/backend.yaml has no {EDITED} in data.resources: they are what is edited.")

    def link(self) -> Linked:
        """An end user connects a platform; the backend does not know of it yet."""
        id, token = self.world.link(self.plan.platform)
        self._made.append(id)
        for kind, secret in (("public_token", token), ("access_token", self.world.token(id))):
            self.secrets.append((kind, secret))
            self.drive.session.redactor.learn(kind, secret.reveal())
        return Linked(id, token)

    def connected(self) -> str:
        """The id of a connection whose whole history both sides have; made by the first case that needs one."""
        if self._connected is None:
            self.needs("exchange")
            linked = self.link()
            status, id = self.backend.exchange(linked.public_token)
            self.cite()
            if id != linked.id:
                self.drive.inconclusive(f"the backend made no connection of a public token (HTTP {status})")
            self._connected = linked.id
        self.settled(self._connected)
        if not self._rested:
            self._rested = True
            self._quiet()
        return self._connected

    def adopt(self, linked: Linked) -> None:
        """Use this connection, which the backend knows, as the one of all cases."""
        self._connected = self._connected or linked.id

    def settled(self, id: str) -> None:
        """Wait until the API has the whole history of a connection, and the backend shows it as working and has the
        rows that are edited: what it reads after that is no late part of the initial sync."""
        self.until(lambda: self.world.status(id)["historical_sync_status"]["historical_sync_completed"], bool, 60.0)
        rows = self.until(lambda: (self.ledger(id), self.backend.rows(id, EDITED)), _alike,
                          self.patience("recovered_within"))[0]  # fmt: skip
        words = self.plan.connections.states.get("healthy", ()) if self.plan.connections else ()
        if words:
            self.until(lambda: self.backend.state(id), lambda word: word in words, self.patience("recovered_within"))
        if not rows[1]:
            self.drive.inconclusive("the backend mirrors nothing of a connection that has data")

    def _quiet(self) -> None:
        """Wait until the backend asks the API for nothing for a moment: what it still reads of the initial sync would
        mend whatever it does wrong with webhooks. One that never rests is judged all the same."""
        self.world.arrived()

        def rests() -> bool:
            self.clock.sleep(QUIET)
            return self.world.arrived() == 0

        self.until(rests, bool, UNREST)

    def ledger(self, id: str, resource: str = EDITED) -> dict[str, dict[str, Any]]:
        """Every row of a list at the API, by id."""
        found = self.drive.contract.resource(resource)
        return self.world.ledger(id, found.operations["list"].path, found.list_key or resource)

    def compared(self, resource: str) -> dict[str, str] | None:
        """Which fields of a resource are compared; None for whole rows."""
        return self.plan.data.fields.get(resource) if self.plan.data else None

    def until(self, look: Callable[[], T], wanted: Callable[[T], object], patience: float) -> tuple[T, float]:
        """What `look` gives once `wanted` says so, or at the end of patience; and the seconds that took."""
        begun = self.clock.monotonic()
        while True:
            found = look()
            passed = self.clock.monotonic() - begun
            if wanted(found) or passed > patience:
                return found, passed
            self.clock.sleep(min(LONGEST_PAUSE, max(PAUSE, passed * SLACK)))

    def worked_off(self, patience: float) -> float | None:
        """Wait until no webhook waits in the backend's queue; how many do then, None when it does not tell. What is
        read because of one may still be under way: a moment is added."""
        left: float | None = None
        if self.plan.metrics is not None and self.plan.queue is not None:
            metrics, queue = self.plan.metrics, self.plan.queue
            left, _ = self.until(lambda: sample(self.backend.ask(metrics), queue), lambda found: found == 0, patience)
        self.clock.sleep(UNDER_WAY)
        return left

    def patience(self, name: str) -> float:
        """A duration of the plan, in seconds."""
        return seconds(getattr(self.plan, name))

    def cite(self, **tags: str) -> tuple[str, ...]:
        """The newest exchange with the backend as evidence of this case, with measurements as `tags`: its id."""
        if self.backend.last is None:
            return ()
        return (self.drive.session.keep(self.backend.last, of="backend", **tags).id,)

    def close(self) -> None:
        """Take back what was set up, at your backend as well, and close."""
        try:
            self.world.faults()
            if self.plan.disconnect is not None and not self.plan.is_reference:
                for id in self._made:
                    self.backend.ask(self.plan.disconnect, connection_id=id)
            if self._hook is not None:
                self.world.admin("DELETE", f"webhooks/{self._hook}")
        finally:
            self.world.close()
            self.backend.close()


def _alike(rows: tuple[dict[str, Any], dict[str, Any] | None]) -> bool:
    return bool(rows[0]) and rows[1] is not None and rows[0].keys() == rows[1].keys()
