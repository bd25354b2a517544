"""A small HTTP/1.1 client for load on loopback: one keep-alive connection, one request in flight, no objects.

It costs about a tenth of what an HTTP library costs, so that the server is what is measured.
"""

import asyncio
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

VERSION = "2024-08-31"


@dataclass(frozen=True, slots=True)
class Caller:
    """Makes requests of one emulator, whose `environment` is that of `EmulatorProcess`."""

    base_url: str
    environment: Mapping[str, str]

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        parts = urlsplit(self.base_url)
        return str(parts.hostname), int(parts.port or 80)

    def message(self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: bytes = b"",
                headers: Mapping[str, str] | None = None, platform: str = "QUICKBOOKS") -> bytes:  # fmt: skip
        """A request as bytes, with the credentials and the access token of a platform."""
        pair = f"{self.environment['RUTTER_CLIENT_ID']}:{self.environment['RUTTER_CLIENT_SECRET']}"
        token = self.environment[f"RUTTER_ACCESS_TOKEN_{platform}"]
        parts = urlsplit(self.base_url)
        lines = [
            f"{method} {parts.path}{path}?{urlencode({'access_token': token, **(query or {})})} HTTP/1.1",
            f"host: {parts.netloc}",
            f"authorization: Basic {b64encode(pair.encode()).decode()}",
            f"x-rutter-version: {VERSION}",
            *(f"{name}: {value}" for name, value in (headers or {}).items()),
        ]
        if body:
            lines += ["content-type: application/json", f"content-length: {len(body)}"]
        return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


class Connection:
    """One connection. ConnectionError when the other side closes it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, address: tuple[str, int]) -> "Connection":
        """Connect."""
        return cls(*await asyncio.open_connection(*address, limit=1 << 22))

    async def send(self, message: bytes) -> tuple[int, bytes]:
        """Send a request; status and body of its answer."""
        self._writer.write(message)
        try:
            head = await self._reader.readuntil(b"\r\n\r\n")
            length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
            return int(head[9:12]), await self._reader.readexactly(int(length or 0))
        except asyncio.IncompleteReadError as error:
            raise ConnectionError("the server closed the connection") from error

    async def close(self) -> None:
        """Close it."""
        self._writer.close()
        await self._writer.wait_closed()
