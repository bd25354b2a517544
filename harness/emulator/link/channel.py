"""The second channel of Link: a token, then a stream of server-sent events named by the popup's nonce. Source: [LB]."""

import asyncio
import hashlib
import hmac
import json
from typing import Any

from harness.core import Secret
from harness.emulator.clock import EmulatorClock, to_millis
from harness.emulator.documents import Documents

KIND = "link_message"
TOKEN_MILLIS = 3_600_000
LOOK = 0.5
"""Seconds between two looks for what another process has published."""


class Channel:
    """Messages of Link by nonce, kept until the one who waits for them has read them."""

    def __init__(self, store: Documents, clock: EmulatorClock, secret: Secret) -> None:
        self._store, self._clock, self._secret = store, clock, secret
        self._published = asyncio.Event()

    def token(self) -> str:
        """A token that opens any stream for an hour; given to anyone who asks, as by the real one."""
        until = str(to_millis(self._clock.now()) + TOKEN_MILLIS)
        return f"{until}.{self._sign(until)}"

    def opens(self, token: str) -> bool:
        """Whether a token is one of ours and not too old."""
        until, _, sign = token.partition(".")
        fresh = until.isascii() and until.isdigit() and int(until) > to_millis(self._clock.now())
        return fresh and hmac.compare_digest(sign, self._sign(until))

    def publish(self, nonce: str, message: str) -> None:
        """Send a message, the JSON text that the popup posts too."""
        self._store.keep(KIND, nonce, message)
        self._published.set()

    async def next_event(self, nonce: str, within: float) -> bytes:
        """The next event of a stream as server-sent text, a comment when none came `within` seconds. The stream ends
        with it and the browser opens it anew."""
        deadline = asyncio.get_running_loop().time() + within
        while True:
            self._published.clear()
            message = self._store.record(KIND, nonce)
            if message is not None and self._store.forget(KIND, nonce):
                return f"id: {nonce}\nevent: message\ndata: {_envelope(nonce, message)}\n\n".encode()
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                return b": nothing yet\n\n"
            try:
                await asyncio.wait_for(self._published.wait(), min(LOOK, left))
            except TimeoutError:
                continue

    def _sign(self, text: str) -> str:
        return hmac.new(self._secret.reveal().encode(), text.encode(), hashlib.sha256).hexdigest()


def _envelope(nonce: str, message: Any) -> str:
    return json.dumps({"channel": nonce, "data": message})
