"""What comes in and what goes back: the request as the emulator understands it, and the two forms of an answer."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Incoming:
    """A request as the emulator understands it. `path` is behind the base path; `query` keeps order."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: bytes
    url: str
    slow: bool = False
    """Whether the platform takes longer than a write is waited for."""

    def param(self, name: str) -> str | None:
        """The first value of a query parameter."""
        for key, value in self.query:
            if key == name:
                return value
        return None

    def stored(self) -> dict[str, Any]:
        """As JSON, without what authenticates it."""
        return {
            "method": self.method,
            "path": self.path,
            "query": [list(pair) for pair in self.query],
            "content_type": self.headers.get("content-type", ""),
            "body": base64.b64encode(self.body).decode(),
            "url": self.url,
        }

    @classmethod
    def restored(cls, told: Mapping[str, Any]) -> "Incoming":
        """The inverse of `stored`."""
        return cls(
            told["method"],
            told["path"],
            [(name, value) for name, value in told["query"]],
            {"content-type": told["content_type"]},
            base64.b64decode(told["body"]),
            told["url"],
        )


@dataclass
class Answer:
    """What goes back. `content` is JSON text unless a `content-type` header says otherwise."""

    status: int
    content: bytes
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Json:
    """An answer that is still data. `wait`: what it waits for before it leaves; a `writing.Wait`."""

    body: Any
    status: int = 200
    job: str | None = None
    wait: Any = None
