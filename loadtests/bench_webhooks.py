"""How many webhooks an emulator delivers in a second: `python loadtests/bench_webhooks.py [count]`, loopback only."""

import asyncio
import multiprocessing
import sys
import time
from multiprocessing.queues import SimpleQueue
from typing import Any

import httpx

from harness.emulator import EmulatorProcess, EmulatorSettings


class Receiver(asyncio.Protocol):
    """Answers every request with an empty 200 and counts it."""

    count = 0

    def connection_made(self, transport: Any) -> None:
        """One more connection of the sender."""
        self.transport, self.kept = transport, b""

    def data_received(self, data: bytes) -> None:
        """Answer what is whole; keep the rest."""
        self.kept += data
        while (end := self.kept.find(b"\r\n\r\n")) >= 0:
            head = self.kept[:end].lower()
            whole = end + 4 + int(head[head.find(b"content-length:") + 15 :].split(b"\r\n")[0])
            if len(self.kept) < whole:
                return
            self.kept = self.kept[whole:]
            Receiver.count += 1
            self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


def receive(told: "SimpleQueue[float]", count: int) -> None:
    """Tell the port, then the instant at which `count` requests have arrived."""

    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(Receiver, "127.0.0.1", 0)
        told.put(server.sockets[0].getsockname()[1])
        while Receiver.count < count:
            await asyncio.sleep(0.005)
        told.put(time.time())

    asyncio.run(serve())


def main(count: int = 20_000) -> None:
    """Raise `count` events in one call and wait until all have arrived."""
    told: SimpleQueue[float] = multiprocessing.SimpleQueue()
    receiver = multiprocessing.Process(target=receive, args=(told, count), daemon=True)
    receiver.start()
    url = f"http://127.0.0.1:{int(told.get())}/hooks"
    emulator = EmulatorProcess.start(EmulatorSettings(rate_limit=0, connections=("QUICKBOOKS",)))
    try:
        root = emulator.base_url.removesuffix("/versioned") + "/_emulator"
        httpx.post(f"{root}/webhooks", json={"url": url}).raise_for_status()
        begun = time.time()
        httpx.post(f"{root}/webhooks/emit", json={"code": "BILL_UPDATED", "count": count}, timeout=120)
        raised = time.time()
        ended = told.get()
    finally:
        emulator.stop()
        receiver.terminate()
    print(f"{count} webhooks: raised and kept in {raised - begun:.2f} s, all received after {ended - begun:.2f} s: "
          f"{count / (ended - raised):.0f} deliveries/s")  # fmt: skip


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:2]))
