"""How fast the reference backend is: `python loadtests/backend_pace.py [ingest] [initial [CONNECTIONS]]`, loopback.

`ingest`: webhooks acknowledged after a durable commit, per second, beside a bare application on the same server that
commits each request by itself. `initial`: the initial sync of 100 connections under 500 requests per 10 seconds: how
long it takes from the moment the backend serves, against what the limit alone dictates for as many requests when each
window's worth is sent in no time, and how many answers were 429.
"""

import asyncio
import math
import sqlite3
import statistics
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from backend_world import HOOKS, event, signed, world
from keepalive import Connection

from harness.backend import BackendProcess, BackendSettings
from harness.backend.vault import new_key
from harness.core import Secret
from harness.emulator import EmulatorSettings

PEER = Path(__file__).with_name("peer.py")
SECRET = "client-secret-of-a-bench"  # noqa: S105 - made up here, known to both sides
SENDERS, EACH, ROUNDS = 64, 150, 3
WANTED_PER_SECOND = 2000
REQUESTS, WINDOW = 500, 10.0
ROOM = 1.05
SYNCERS = 6


def message(path: str, port: int, content: bytes) -> bytes:
    """A signed webhook as bytes of HTTP."""
    head = f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-type: application/json\r\n"
    head += f"x-rutter-signature: {signed(content, SECRET)}\r\ncontent-length: {len(content)}\r\n\r\n"
    return head.encode() + content


async def rate(path: str, port: int, first: int) -> float:
    """Requests per second over all senders, each of which waits for its answer before it sends the next."""
    bodies = [event("BILL", "UPDATED", f"c{number % 50}", f"b{number}", first + number)
              for number in range(SENDERS * EACH)]  # fmt: skip
    messages = [message(path, port, content) for content in bodies]
    senders = [await Connection.open(("127.0.0.1", port)) for _ in range(SENDERS)]

    async def send(number: int) -> None:
        for text in messages[number::SENDERS]:
            status, _ = await senders[number].send(text)
            if status != 200:
                raise SystemExit(f"answered {status}")

    begun = time.perf_counter()
    await asyncio.gather(*map(send, range(SENDERS)))
    seconds = time.perf_counter() - begun
    for sender in senders:
        await sender.close()
    return len(messages) / seconds


def ingest() -> bool:
    """Measure the backend and the bare application in turn; whether it is fast enough."""
    with TemporaryDirectory(prefix="golive-ingest-") as name:
        folder = Path(name)
        for answer in ("get", "list", "filtered", "create"):
            (folder / answer).write_bytes(b'{"stored": true}')
        backend = BackendProcess.start(BackendSettings(
            base_url="http://127.0.0.1:1/versioned", client_id="client", client_secret=Secret(SECRET),
            vault_keys=(Secret(new_key()),), database=f"sqlite:///{folder / 'backend.sqlite3'}", syncers=0,
        ))  # fmt: skip
        bare = subprocess.Popen([sys.executable, str(PEER), str(folder)], stdout=subprocess.PIPE, text=True)
        try:
            port = int(str(bare.stdout.readline()).split()[1])
            ours, theirs = [], []
            for turn in range(ROUNDS):
                ours.append(asyncio.run(rate(HOOKS, backend.settings.port, turn * 1_000_000)))
                theirs.append(asyncio.run(rate("/versioned/accounting/events", port, turn * 1_000_000)))
        finally:
            backend.stop()
            bare.terminate()
            bare.wait()
            bare.stdout.close()
    per_second, peer = statistics.median(ours), statistics.median(theirs)
    holds = per_second >= WANTED_PER_SECOND
    print(
        f"{'PASS' if holds else 'FAIL'} ingest: {per_second:,.0f} webhooks/s verified, de-duplicated and on the disk "
        f"({min(ours):,.0f} to {max(ours):,.0f}), workers and senders on the same processors; bare application "
        f"{peer:,.0f}/s; ratio {per_second / peer:.2f}"
    )
    return holds


def initial(connections: int) -> bool:
    """Link so many platforms, let the API have their books, then read all of it with a fresh budget; whether the limit
    alone decided how long it took. What the emulator needs to make books is no part of it."""
    books = EmulatorSettings(
        rate_limit=REQUESTS,
        rate_window=WINDOW,
        connections=(),
        linked_books="seeded",
        initial_batch_seconds=10.0,
        ready_after="all_batches",
    )
    with world(None, books, rate=f"{REQUESTS}/{WINDOW:g}s") as place:
        linking = place.backend(syncers=0)
        for _ in range(connections):
            place.link(linking.url)
        linking.stop()
        while place.unfinished():
            time.sleep(0.5)
        time.sleep(WINDOW)  # the links' own requests leave the window of the limit
        backend = place.backend(syncers=SYNCERS)
        begun = time.monotonic()  # it serves and begins to read at the same moment
        try:
            while waiting(place.folder / "backend.sqlite3"):
                time.sleep(0.05)
            seconds = time.monotonic() - begun
            sent = place.api_requests(backend.url)
            listed = place.connections(backend.url)
        finally:
            backend.stop()
    total = sum(sent.values())
    steady = total / REQUESTS * WINDOW
    limit = (math.ceil(total / REQUESTS) - 1) * WINDOW
    rows = sum(sum(item["counts"].values()) for item in listed)
    healthy = sum(item["state"] == "healthy" for item in listed)
    holds = seconds <= limit * ROOM and not sent.get("429") and healthy == connections
    print(
        f"{'PASS' if holds else 'FAIL'} initial sync: {connections} connections ({healthy} healthy), {rows:,} rows, "
        f"{total:,} requests ({sent}) in {seconds:.1f} s; the limit of {REQUESTS} per {WINDOW:g} s "
        f"alone: {limit:.1f} s, ratio {seconds / limit if limit else math.inf:.3f} (at the limit's steady pace "
        f"{steady:.1f} s, ratio {seconds / steady:.3f}); 429: {sent.get('429', 0)}"
    )
    return holds


def waiting(path: Path) -> int:
    """Wishes that are not fulfilled yet, read from outside."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)) as database:
        return int(database.execute("SELECT count(*) FROM wishes").fetchone()[0])


def main(words: list[str]) -> int:
    """Run what was asked for, both by default."""
    numbers = [int(word) for word in words if word.isdigit()]
    chosen = [word for word in words if not word.isdigit()] or ["ingest", "initial"]
    holds = True
    if "ingest" in chosen:
        holds &= ingest()
    if "initial" in chosen:
        holds &= initial(numbers[0] if numbers else 100)
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
