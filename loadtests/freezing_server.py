"""A small static server that freezes: `python loadtests/freezing_server.py EVERY FREEZE` (seconds, 0 for never).

It answers every GET with eleven bytes of JSON; what it meets in the last FREEZE of every EVERY seconds is answered at
their end. `GET /arrivals` tells when requests arrived, and forgets it: by the kernel's own clock on Linux, so that a
server that had to wait for a processor does not make two requests out of one moment.
"""

import json
import select
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

ANSWER = b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 11\r\n\r\n{"ok":true}'
STAMPED = getattr(socket, "SO_TIMESTAMPNS", 35)
"""Linux: each receive tells when its last bytes came in."""
_TIME = struct.Struct("ll")


class Server:
    """One thread, one epoll. `every` and `freeze` in seconds."""

    def __init__(self, every: float, freeze: float) -> None:
        self._every, self._freeze, self._began = every, freeze, time.monotonic()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
        self._listener.setblocking(False)
        self._listener.setsockopt(socket.SOL_SOCKET, STAMPED, 1)  # what it accepts inherits it
        self._epoll = select.epoll()
        self._epoll.register(self._listener, select.EPOLLIN)
        self._open: dict[int, socket.socket] = {}
        self._frozen: list[socket.socket] = []
        self._until = 0.0
        self._arrived: list[float] = []

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._listener.getsockname()[1])

    def run(self) -> None:
        """Serve until killed."""
        while True:
            wait = max(0.0, self._until - time.monotonic()) if self._frozen else -1
            for number, _ in self._epoll.poll(wait):
                if number == self._listener.fileno():
                    self._accept()
                else:
                    self._receive(self._open[number])
            if self._frozen and time.monotonic() >= self._until:
                frozen, self._frozen = self._frozen, []
                for connection in frozen:
                    self._send(connection, ANSWER)

    def _accept(self) -> None:
        connection, _ = self._listener.accept()
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._open[connection.fileno()] = connection
        self._epoll.register(connection, select.EPOLLIN)

    def _receive(self, connection: socket.socket) -> None:
        """Requests are small and have no body: a receive gives whole ones."""
        try:
            data, told, _, _ = connection.recvmsg(65536, 128)
        except ConnectionError:
            data = b""
        if not data:
            self._close(connection)
        elif data.startswith(b"GET /arrivals"):
            body = json.dumps(self._arrived).encode()
            self._arrived.clear()
            connection.setblocking(True)
            self._send(connection, b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))
            connection.setblocking(False)
        elif not self._every:
            self._send(connection, ANSWER)
        else:
            stamps = [_TIME.unpack(content[: _TIME.size]) for _, kind, content in told if kind == STAMPED]
            self._arrived.append(stamps[0][0] + stamps[0][1] / 1e9 if stamps else time.time())
            now = time.monotonic()
            inside = (now - self._began) % self._every
            if inside > self._every - self._freeze:
                self._until = now + self._every - inside
                self._frozen.append(connection)
            else:
                self._send(connection, ANSWER)

    def _send(self, connection: socket.socket, content: bytes) -> None:
        try:
            connection.sendall(content)
        except ConnectionError:
            self._close(connection)

    def _close(self, connection: socket.socket) -> None:
        if self._open.pop(connection.fileno(), None) is not None:
            self._epoll.unregister(connection)
            connection.close()


@contextmanager
def freezing_server(every: float = 0.0, freeze: float = 0.0) -> Iterator[str]:
    """One in a process of its own; its URL."""
    command = [sys.executable, __file__, str(every), str(freeze)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline() if process.stdout is not None else ""
        if not line.strip().isdigit():
            raise SystemExit("the server did not start")
        yield f"http://127.0.0.1:{line.strip()}"
    finally:
        process.terminate()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


if __name__ == "__main__":
    server = Server(float(sys.argv[1]), float(sys.argv[2]))
    print(server.port, flush=True)
    server.run()
