"""A POST over kept-open connections, for the one thing webhooks need: many small requests, fast, with a time limit.

Written out because a general client takes the greater part of a millisecond for a request, and twenty thousand webhooks
are to go out beside the API in one loop. It follows no redirect and reads no body that it cannot frame.
"""

import asyncio
import re
import ssl
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})")
LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)
CLOSING = re.compile(rb"\r\nconnection:\s*close", re.IGNORECASE)
LARGEST_ANSWER = 1024 * 1024
Place = tuple[str, str, int]


class WireError(Exception):
    """The receiver's answer is no HTTP answer, or there was none."""


@dataclass
class _Line:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    used: bool = False


@dataclass
class Wire:
    """Connections to receivers, reused where the receiver keeps them open."""

    idle: dict[Place, list[_Line]] = field(default_factory=dict)

    async def post(self, url: str, headers: dict[str, str], body: bytes, timeout: float) -> int:
        """The status that the receiver answers. OSError, TimeoutError or WireError when it does not."""
        parts = urlsplit(url)
        place = (parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
        async with asyncio.timeout(timeout):
            while True:
                line = await self._line(place)
                try:
                    return await self._exchange(line, place, _request(parts, headers, body))
                except (asyncio.IncompleteReadError, ConnectionError) as error:
                    line.writer.close()
                    if getattr(error, "partial", b"") or not line.used:
                        raise WireError("the receiver closed the connection before it answered") from None
                except BaseException:
                    line.writer.close()
                    raise

    def close(self) -> None:
        """Close the kept connections."""
        for lines in self.idle.values():
            for line in lines:
                line.writer.close()
        self.idle.clear()

    async def _line(self, place: Place) -> _Line:
        kept = self.idle.get(place)
        while kept:
            line = kept.pop()
            if not line.reader.at_eof():
                return line
            line.writer.close()
        secure = ssl.create_default_context() if place[0] == "https" else None
        return _Line(*await asyncio.open_connection(place[1], place[2], ssl=secure))

    async def _exchange(self, line: _Line, place: Place, request: bytes) -> int:
        line.writer.write(request)
        try:
            head = await line.reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            raise WireError("the head of the receiver's answer is too long") from None
        status = STATUS.match(head)
        if status is None:
            raise WireError("the receiver's answer does not begin with a status line")
        length = LENGTH.search(head)
        if length is None or int(length[1]) > LARGEST_ANSWER or CLOSING.search(head):
            line.writer.close()
            return int(status[1])
        await line.reader.readexactly(int(length[1]))
        line.used = True
        self.idle.setdefault(place, []).append(line)
        return int(status[1])


def _request(parts: SplitResult, headers: dict[str, str], body: bytes) -> bytes:
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = [f"POST {path} HTTP/1.1", f"Host: {parts.netloc.rpartition('@')[2]}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body
