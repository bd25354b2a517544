"""How far a connection's syncs are: kept in the connection's record, under `sync`."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Progress:
    """The sync state of one connection.

    `stage`: waiting (for its end user), initial (batches are running) or steady. `config`: the SyncConfiguration that
    held when the connection began; later changes do not touch it. Source: trap 18. `batches`: completed batches of the
    initial sync. `failures`: failed syncs in a row; `failing`: why the next ones fail, None when they succeed.
    `ends_as`: the state that repeated failures end in. `backfills`: how many backfills run; they pause incremental
    syncs.
    """

    stage: str
    config: Fields = field(default_factory=dict)
    batches: int = 0
    failures: int = 0
    failing: str | None = None
    ends_as: str = "disabled"
    backfills: int = 0

    @property
    def planned(self) -> list[Fields]:
        """The batches of the initial sync."""
        return list(self.config["initialSync"]["batches"])

    @property
    def period(self) -> float:
        """Seconds between incremental syncs."""
        return float(self.config["incrementalSync"]["syncPeriodInMinutes"]) * 60

    @property
    def entities(self) -> list[str]:
        """What incremental syncs read."""
        return list(self.config["incrementalSync"]["entities"])

    @property
    def history_done(self) -> bool:
        """Whether every batch of the initial sync is completed."""
        return self.stage == "steady"


def progress_of(connection: Mapping[str, Any]) -> Progress:
    """The progress in a connection's record."""
    return Progress(**connection["sync"])


def put_progress(connection: Fields, progress: Progress, **changed: Any) -> Progress:
    """Put a progress, with some fields changed, into a connection's record; the record is not saved yet."""
    after = replace(progress, **changed)
    connection["sync"] = asdict(after)
    return after
