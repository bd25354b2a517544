"""Webhooks while processes are killed: `python loadtests/backend_storm.py [COUNT] [sqlite] [postgresql] [KILL_EVERY]`.

Vendors are edited and deleted in the platform's software; for each edit come webhooks, one in ten twice, in another
order than that of the edits, and one in twenty signed with another secret, about vendors that live. A backend's process
is killed with -9 every 2 seconds (SQLite: the only one, PostgreSQL: one of two, each with intake and worker). What is
not acknowledged is sent again, as the API does. At the end the mirror must equal the API's list row by row, and no
wrongly signed event may have had an effect. Exits with 0 when that holds, 1 when not.
"""

import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from random import Random

import httpx
from backend_world import HOOKS, World, event, signed, world
from private_postgresql import NoServerError, private_server

from harness.backend import BackendProcess
from harness.emulator import EmulatorSettings

WAVES, SENDERS = 20, 16
PATIENCE = 120.0
ACKNOWLEDGED, REFUSED = 200, 401


@dataclass
class Fleet:
    """The backend's processes; one after the other is killed and started again by `run` until `over`."""

    place: World
    running: list[BackendProcess]
    every: float
    kills: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Kill and start again."""
        while not self.over.wait(self.every):
            at = self.kills % len(self.running)
            self.running[at].kill()
            self.kills += 1
            self.running[at] = self.place.backend(port=self.running[at].settings.port)

    def url(self, number: int) -> str:
        """One of the addresses."""
        return self.running[number % len(self.running)].url


@dataclass(frozen=True, slots=True)
class Sent:
    """One webhook: its bytes, and whether it is signed with the right secret."""

    content: bytes
    right: bool


def deliver(fleet: Fleet, secret: str, item: Sent, number: int) -> int:
    """Send until it is acknowledged or refused; how many tries it took, negative when the answer was the wrong one."""
    headers = {"X-Rutter-Signature": signed(item.content, secret if item.right else "another secret")}
    deadline = time.monotonic() + PATIENCE
    tries = 0
    while time.monotonic() < deadline:
        tries += 1
        try:
            url = fleet.url(number + tries)
            status = fleet.place.http.post(url + HOOKS, content=item.content, headers=headers).status_code
        except httpx.TransportError:
            time.sleep(0.05)
            continue
        if status in {ACKNOWLEDGED, REFUSED}:
            return tries if (status == ACKNOWLEDGED) == item.right else -tries
        time.sleep(0.05)
    return -tries


def waves(place: World, id: str, count: int, random: Random) -> list[list[tuple[str, str, str]]]:
    """The edits of each wave: (method, vendor, verb). One vendor in ten is deleted, by its last edit."""
    vendors = sorted(place.ledger(place.token(id), "vendors"))
    doomed = vendors[:: max(2, len(vendors) // max(2, len(vendors) // 10))]
    living = [vendor for vendor in vendors if vendor not in set(doomed)]
    edits = max(WAVES, count // 40)
    found = [("PATCH", random.choice(living), "UPDATED") for _ in range(edits)]
    found += [("DELETE", vendor, "DELETED") for vendor in doomed]
    random.shuffle(found)
    return [found[at::WAVES] for at in range(WAVES)]


def part(total: int, wave: int) -> int:
    """One wave's part of a total."""
    return (wave + 1) * total // WAVES - wave * total // WAVES


def storm(place: World, fleet: Fleet, id: str, count: int, random: Random) -> tuple[list[Sent], list[int]]:
    """Edit and send, wave by wave; every webhook with its tries."""
    genuine = count - count // 10 - count // 20
    sent: list[Sent] = []
    tries: list[int] = []
    pool: list[Sent] = []
    planned = waves(place, id, count, random)
    total = sum(map(len, planned))
    living = [vendor for wave in planned for method, vendor, _ in wave if method == "PATCH"]
    number = 0
    with ThreadPoolExecutor(SENDERS) as senders:
        for at, wave in enumerate(planned):
            made: list[Sent] = []
            for method, vendor, verb in wave:
                body = {"vendor_name": f"edit {number}"} if method == "PATCH" else {}
                place.admin(method, f"platform/{id}/vendors/{vendor}", **body)
                share = (number + 1) * genuine // total - number * genuine // total
                number += 1
                made += [Sent(event("VENDOR", verb, id, vendor, number * 1000 + copy), right=True)
                         for copy in range(share)]  # fmt: skip
            made += random.sample(made, part(count // 10, at))
            made += [Sent(event("VENDOR", "DELETED", id, random.choice(living), -copy - at * 10_000), right=False)
                     for copy in range(part(count // 20, at))]  # fmt: skip
            pool += made
            random.shuffle(pool)
            kept = len(pool) // 3 if at < WAVES - 1 else 0
            batch, pool = pool[kept:], pool[:kept]
            base = len(sent)
            tries += senders.map(lambda pair: deliver(fleet, place.auth[1], pair[1], pair[0]),
                                 enumerate(batch, base))  # fmt: skip
            sent += batch
    return sent, tries


def settled(place: World, url: str, patience: float = PATIENCE) -> dict[str, int]:
    """The queue once nothing waits."""
    deadline = time.monotonic() + patience
    while True:
        queue = place.http.get(f"{url}/golive/queue").json()
        if queue["backlog"] == 0 or time.monotonic() > deadline:
            return dict(queue)
        time.sleep(0.1)


def until_equal(place: World, url: str, id: str, token: str) -> tuple[dict[str, object], dict[str, object]]:
    """Mirror and ledger, once they are equal or patience ends."""
    deadline = time.monotonic() + PATIENCE
    while True:
        mirror, ledger = place.mirrored(url, id, "vendors"), place.ledger(token, "vendors")
        if (ledger and mirror == ledger) or time.monotonic() > deadline:
            return mirror, ledger
        time.sleep(0.2)


def prove(name: str, database: str | None, processes: int, count: int, every: float) -> bool:
    """Run it on one database; whether everything holds."""
    random = Random(20240831)  # noqa: S311 - a fixed order
    books = EmulatorSettings(
        rate_limit=0, connections=("QUICKBOOKS",), linked_books="seeded", initial_batch_seconds=0.05
    )
    with world(database, books, lease_seconds=3.0) as place:
        fleet = Fleet(place, [place.backend() for _ in range(processes)], every)
        killer = threading.Thread(target=fleet.run, daemon=True)
        try:
            id = place.link(fleet.url(0))
            token = place.token(id)
            place.until_healthy(fleet.url(0))
            until_equal(place, fleet.url(0), id, token)
            begun = time.monotonic()
            killer.start()
            sent, tries = storm(place, fleet, id, count, random)
            seconds = time.monotonic() - begun
            fleet.over.set()
            killer.join()
            queue = settled(place, fleet.url(0))
            mirror, ledger = until_equal(place, fleet.url(0), id, token)
            distinct = len({item.content for item in sent if item.right})
            dead = place.http.get(f"{fleet.url(0)}/health").json()["dead"]
        finally:
            fleet.over.set()
            if killer.is_alive():
                killer.join()
            for process in fleet.running:
                process.stop()
    forged = sum(not item.right for item in sent)
    differ = sum(mirror.get(key) != ledger.get(key) for key in {*mirror, *ledger})
    holds = (differ, min(tries) > 0, queue["backlog"], queue["processed"], dead) == (0, True, 0, distinct, 0)
    print(
        f"{'PASS' if holds else 'FAIL'} {name}, {processes} process(es): {len(sent):,} webhooks "
        f"({distinct:,} distinct, {len(sent) - forged - distinct:,} repeats, {forged:,} wrongly signed) in "
        f"{seconds:.1f} s, {fleet.kills} kills, {sum(abs(item) - 1 for item in tries):,} sent again; worked off "
        f"{queue['processed']:,}, dead {dead}; mirror {len(mirror)} rows, API {len(ledger)}, different {differ}; "
        f"wrong answers {sum(item < 0 for item in tries)}"
    )
    return holds


def main(words: list[str]) -> int:
    """Run it on what was asked for, on both databases by default."""
    numbers = [word for word in words if word.replace(".", "").isdigit()]
    count = int(numbers[0]) if numbers else 20_000
    every = float(numbers[1]) if len(numbers) > 1 else 2.0
    chosen = [word for word in words if word not in numbers] or ["sqlite", "postgresql"]
    holds = True
    if "sqlite" in chosen:
        holds &= prove("SQLite", None, 1, count, every)
    if "postgresql" in chosen:
        try:
            with private_server(durable=True) as url:
                holds &= prove("PostgreSQL", url, 2, count, every)
        except NoServerError as error:
            print(f"NOT RUN PostgreSQL: {error}")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
