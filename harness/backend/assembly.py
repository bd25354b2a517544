"""The parts of one backend, put together from its settings."""

from dataclasses import dataclass
from pathlib import Path

from prometheus_client import Counter
from sqlalchemy.engine import make_url

from harness.backend.budget import DatabaseLog, FileLog, Log, LogBudget
from harness.backend.connections import Connections
from harness.backend.database import Database
from harness.backend.gateway import Gateway
from harness.backend.inbox import Inbox
from harness.backend.mirror import Mirror
from harness.backend.pauses import Pauses
from harness.backend.settings import BackendSettings
from harness.backend.syncing import Reader
from harness.backend.unsupported import Unsupported
from harness.backend.vault import Vault
from harness.backend.wishes import Wishes
from harness.backend.writes import Writes
from harness.backend.writing import Writer
from harness.client import parse_rate
from harness.core import Clock


@dataclass(frozen=True, slots=True)
class Backend:
    """Everything that works on one database."""

    settings: BackendSettings
    clock: Clock
    database: Database
    inbox: Inbox
    wishes: Wishes
    connections: Connections
    mirror: Mirror
    writes: Writes
    pauses: Pauses
    unsupported: Unsupported
    budget: LogBudget | None
    """What all processes may send together; None without a limit."""
    requests: Counter
    """Requests of this process to the API, by the status of their answer; `none` without one."""
    errors: Counter
    """Those that were no success, by the API's error code, or what broke on the way."""

    @classmethod
    def of(cls, settings: BackendSettings, clock: Clock) -> "Backend":
        """The parts. Raises CredentialError for a key that cannot be used, StorageError when the database refuses."""
        vault = Vault(settings.vault_keys)
        database = Database(settings.database)
        return cls(
            settings,
            clock,
            database,
            Inbox(database, clock, window=settings.repeat_window, lease=settings.lease_seconds,
                  attempts=settings.attempts, retry=settings.retry_seconds),
            Wishes(database, clock, lease=max(settings.lease_seconds, 60.0)),
            Connections(database, vault, clock),
            Mirror(database),
            Writes(database, clock),
            Pauses(database, clock),
            Unsupported(clock),
            _budget(settings, database),
            Counter("golive_api_requests", "Requests to the API by status", ["status"], registry=None),
            Counter("golive_api_errors", "Errors of the API by class", ["class"], registry=None),
        )  # fmt: skip

    def gateway(self) -> Gateway:
        """A way to the API for one thread."""
        return Gateway(self.settings, self.pauses, self.connections, self.budget, self.clock,
                       self._count)  # fmt: skip

    def reader(self, worker: str) -> Reader:
        """What fulfils wishes, for one thread."""
        gateway = self.gateway()
        writer = Writer(self.writes, self.wishes, gateway, self.clock, self.settings.look_seconds)
        return Reader(worker, self.database, self.connections, self.mirror, self.wishes, gateway, self.clock, writer,
                      self.settings.not_ready_seconds, self.settings.mirrored, self.unsupported)  # fmt: skip

    def _count(self, status: int | None, kind: str | None) -> None:
        self.requests.labels("none" if status is None else str(status)).inc()
        if kind is not None:
            self.errors.labels(kind).inc()


def _budget(settings: BackendSettings, database: Database) -> LogBudget | None:
    """On a file: the processes of one machine. On a PostgreSQL, unless a file is named: those of all machines."""
    parsed = parse_rate(settings.rate)
    if parsed is None:
        return None
    name = make_url(settings.database).database if database.is_sqlite else None
    file = settings.budget_file or (f"{name}.rate" if name else None)
    log: Log = DatabaseLog(database, *parsed) if file is None else FileLog(Path(file), *parsed)
    return LogBudget(log, *parsed)
