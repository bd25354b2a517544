"""What is sent and when: attempts, back-off, abuse, on the emulator's clock; the sending itself in its loop."""

import asyncio
import heapq
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from harness.core import Secret, iso_utc
from harness.emulator.clock import EmulatorClock, to_millis
from harness.emulator.documents import Documents
from harness.emulator.identifiers import IdSource
from harness.emulator.jsontext import dense
from harness.emulator.settings import EmulatorSettings
from harness.emulator.webhooks.abuse import Abuse, read_abuse
from harness.emulator.webhooks.deliveries import Deliveries, Delivery
from harness.emulator.webhooks.endpoints import Endpoints
from harness.emulator.webhooks.events import Event
from harness.emulator.webhooks.picking import picked
from harness.emulator.webhooks.signing import HEADER, signature
from harness.emulator.webhooks.wire import Wire, WireError

POLL = 1.0
BATCH = 256
"""Deliveries whose outcomes are kept together: one commit for all."""


class Outbox:
    """Sends the events of one emulator. A delivery may arrive twice, also after a restart: nothing promises once."""

    def __init__(
        self,
        store: Documents,
        settings: EmulatorSettings,
        clock: EmulatorClock,
        ids: IdSource,
        endpoints: Endpoints,
        secret: Secret,
    ) -> None:
        self._store, self._settings, self._clock, self._ids = store, settings, clock, ids
        self._endpoints, self._secret = endpoints, secret
        self.deliveries = Deliveries(store)
        self._heap = sorted(self.deliveries.waiting())
        kept = store.record("abuse", "abuse")
        self.abuse = Abuse(**kept) if kept else Abuse()
        self._wire = Wire()
        self._woken, self._lock = asyncio.Event(), asyncio.Lock()
        self._held: list[Delivery] | None = None

    def wants(self, code: str) -> bool:
        """Whether any endpoint hears events of this code."""
        return bool(self._endpoints.hearing(code))

    def take(self, event: Event) -> None:
        """Send an event to every endpoint that hears it."""
        for endpoint in self._endpoints.hearing(event.code):
            body = dense(picked(event, endpoint)).decode()
            self._begin(endpoint["id"], endpoint["url"], event.code, event.connection, body)

    def repeat(self, delivery: Delivery, after: float = 0.0) -> None:
        """Send the same bytes with the same signature once more."""
        number = self._store.raise_counter("delivery", 1)
        at = to_millis(self._clock.now()) + round(after * 1000)
        self._hold(replace(delivery, id=self._ids(), number=number, at=at, attempts=(), state="waiting",
                           copy_of=delivery.copy_of or delivery.id))  # fmt: skip

    def set_abuse(self, body: Mapping[str, Any]) -> None:
        """Switch abuse on and off."""
        self.abuse = read_abuse(body)
        self._store.keep("abuse", "abuse", dict(body))

    def next_at(self) -> int | None:
        """When the next attempt is due, Unix milliseconds; None when nothing waits."""
        return self._heap[0][0] if self._heap else None

    async def run(self) -> None:
        """Send what becomes due, until cancelled."""
        try:
            while True:
                self._woken.clear()
                async with self._lock:
                    await self._send_due()
                try:
                    await asyncio.wait_for(self._woken.wait(), self._pause())
                except TimeoutError:
                    continue
        finally:
            self._wire.close()

    async def settle(self) -> None:
        """Return when everything that is due has been tried."""
        async with self._lock:
            await self._send_due()

    @contextmanager
    def together(self) -> Iterator[None]:
        """Keep all events of a block in one commit, and send none before its end; none at all when it fails."""
        if self._held is not None:
            yield
            return
        self._held = []
        try:
            yield
            held = self._held
        finally:
            self._held = None
        self._enter(held)

    def _begin(self, endpoint: str, url: str, code: str, connection: str | None, body: str) -> None:
        now = to_millis(self._clock.now())
        number = self._store.raise_counter("delivery", 1)
        at = now + self.abuse.wait(number, now)
        state = "dropped" if self.abuse.strikes("drop", number) else "waiting"
        self._hold(Delivery(self._ids(), number, endpoint, url, code, connection, body, at, state))

    def _hold(self, delivery: Delivery) -> None:
        if self._held is not None:
            self._held.append(delivery)
        else:
            self._enter([delivery])

    def _enter(self, fresh: list[Delivery]) -> None:
        self.deliveries.keep(fresh)
        for delivery in fresh:
            if delivery.state == "waiting":
                self._wait(delivery)
        self._woken.set()

    def _wait(self, delivery: Delivery) -> None:
        heapq.heappush(self._heap, (delivery.at, delivery.number, delivery.id))

    def _due(self) -> bool:
        return bool(self._heap) and self._heap[0][0] <= to_millis(self._clock.now())

    async def _send_due(self) -> None:
        while self._due():
            due: list[Delivery] = []
            while self._due() and len(due) < BATCH:
                found = self.deliveries.find(heapq.heappop(self._heap)[2])
                if found is not None and found.state == "waiting":
                    due.append(found)
            registered = {endpoint["id"] for endpoint in self._endpoints.all()}
            self.deliveries.keep([replace(item, state="dropped") for item in due if item.endpoint not in registered])
            await self._send([item for item in due if item.endpoint in registered])

    async def _send(self, batch: list[Delivery]) -> None:
        """Try a batch, a bounded number at a time; keep the outcomes in one commit. Abuse that is set meanwhile begins
        with the next batch: a receiver sees a delivery before its outcome is kept."""
        abuse = self.abuse
        waiting = iter(batch)
        tried: list[Delivery] = []

        async def worker() -> None:
            tried.extend([await self._attempt(delivery, abuse) for delivery in waiting])

        await asyncio.gather(*(worker() for _ in range(min(self._settings.webhook_concurrency, len(batch)))))
        self.deliveries.keep(tried)
        for delivery in tried:
            if delivery.state == "waiting":
                self._wait(delivery)
            elif delivery.state == "delivered" and delivery.copy_of is None:
                self._repeats(delivery, abuse)

    def _repeats(self, delivery: Delivery, abuse: Abuse) -> None:
        if abuse.strikes("duplicate", delivery.number):
            self.repeat(delivery)
        if abuse.strikes("replay", delivery.number):
            self.repeat(delivery, abuse.replay_after)

    async def _attempt(self, delivery: Delivery, abuse: Abuse) -> Delivery:
        """One attempt: delivered on a 2xx; otherwise again later, until the attempts are used up."""
        settings = self._settings
        count = len(delivery.attempts) + 1
        wrong = abuse.strikes("wrong_signature", delivery.number, count)
        body = delivery.body.encode()
        sign = signature(body, Secret("not the secret") if wrong else self._secret)
        attempt: dict[str, Any] = {"at": iso_utc(self._clock.now()), "signature": sign, "rightly_signed": not wrong}
        headers = {"Content-Type": "application/json", HEADER: sign}
        try:
            attempt["status"] = await self._wire.post(delivery.url, headers, body, settings.webhook_timeout)
        except (OSError, TimeoutError, WireError) as error:
            attempt["error"] = f"{type(error).__name__}: {error}".rstrip(": ")
        now = to_millis(self._clock.now())
        if 200 <= attempt.get("status", 0) < 300:
            return delivery.tried(attempt, "delivered", now)
        if count >= settings.webhook_attempts:
            return delivery.tried(attempt, "failed", now)
        pause = settings.webhook_first_retry * settings.webhook_backoff ** (count - 1)
        return delivery.tried(attempt, "waiting", now + round(pause * 1000))

    def _pause(self) -> float:
        at = self.next_at()
        if at is None or self._clock.frozen:
            return POLL
        return min(POLL, max(0.0, (at - to_millis(self._clock.now())) / 1000))
