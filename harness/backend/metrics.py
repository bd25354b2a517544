"""Health and metrics: read from the database when they are asked for, so that every process tells the same."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from harness.backend.assembly import Backend


class Metrics:
    """Counters of this process and gauges of the database, as Prometheus text."""

    def __init__(self, backend: Backend) -> None:
        self.registry = CollectorRegistry()
        self.webhooks = Counter(
            "golive_webhooks", "Webhook requests by what became of them", ["outcome"], registry=self.registry
        )
        self.registry.register(backend.requests)
        self.registry.register(backend.errors)
        self.registry.register(_Gauges(backend))

    def text(self) -> bytes:
        """All of it, in the text format of Prometheus."""
        return generate_latest(self.registry)


class _Gauges(Collector):
    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def describe(self) -> Iterator[Metric]:
        """Nothing: registering must not read the database."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """What the database says now: counts, ratios from 0 to 1, ages in seconds. StorageError when it refuses."""
        depth = self._backend.inbox.depth()
        yield GaugeMetricFamily("golive_inbox_waiting", "Events that wait for a worker", value=depth.waiting)
        yield GaugeMetricFamily("golive_inbox_oldest_seconds", "Age of the oldest event that waits", value=depth.oldest)
        yield GaugeMetricFamily("golive_inbox_dead", "Events that could not be worked off", value=depth.dead)
        yield GaugeMetricFamily("golive_inbox_done", "Events that were worked off and are still kept", value=depth.done)
        yield GaugeMetricFamily("golive_inbox_repeats", "Deliveries of events that were known", value=depth.repeats)
        if self._backend.budget is not None:
            yield GaugeMetricFamily(
                "golive_budget_used_ratio", "Share of the rate limit used in its last window, by all processes",
                value=self._backend.budget.used(),
            )  # fmt: skip
        states = GaugeMetricFamily("golive_connections", "Connections by state", labels=["state"])
        for state, count in self._backend.connections.states().items():
            states.add_metric([state], count)
        yield states
        now = self._backend.clock.now().timestamp()
        freshness = GaugeMetricFamily(
            "golive_freshness_seconds", "Seconds since the last walk that ended, by connection", labels=["connection"]
        )
        for view in self._backend.connections.all():
            if view.synced_at is not None:
                freshness.add_metric([view.id], max(0.0, now - view.synced_at))
        yield freshness
