"""No socket in a replay: an attempt is an error that names what was being done."""

import sys
from collections.abc import Callable

from harness.errors import HarnessError

BLOCKED = frozenset(
    f"socket.{name}"
    for name in ("connect", "bind", "sendto", "sendmsg", "getaddrinfo", "gethostbyname", "gethostbyaddr", "getnameinfo")
)


class NetworkBlocked(HarnessError):
    """Something reached for the network in a replay."""


def block_network(doing: Callable[[], str]) -> None:
    """From now on, until the process ends, nothing in it reaches the network. `doing` names the case."""

    def refuse(event: str, arguments: tuple[object, ...]) -> None:
        if event in BLOCKED:
            raise NetworkBlocked(f"a replay opens no socket, but {event} was called in {doing()}: {arguments[-1]!r}")

    sys.addaudithook(refuse)
