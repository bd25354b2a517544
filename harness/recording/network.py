"""No socket in a replay: an attempt is an error that names what was being done."""

import socket
import sys
from collections.abc import Callable

from harness.errors import HarnessError

REACHES = frozenset(
    f"socket.{name}"
    for name in ("connect", "bind", "sendto", "sendmsg", "getaddrinfo", "gethostbyname", "gethostbyaddr", "getnameinfo")
)
STARTS = frozenset({"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn"})
"""Another process would reach for the network unseen."""

HARMLESS = ["uname", "-p"]
"""What Python's own `platform` starts to tell the kind of processor."""

UNSEEN = frozenset({"pycurl"})
"""Modules whose sockets are none of Python's."""

LOCAL = frozenset({getattr(socket, "AF_UNIX", socket.AF_INET)} - {socket.AF_INET})
"""Families that an event loop needs to wake itself."""


class NetworkBlocked(HarnessError):
    """Something reached for the network in a replay."""


def block_network(doing: Callable[[], str]) -> None:
    """From now on, until the process ends, nothing in it reaches the network or starts another process. `doing` names
    the case and its last request."""

    def refuse(event: str, arguments: tuple[object, ...]) -> None:
        """Hears every audit event of the interpreter."""
        if event in REACHES:
            what: object = arguments[:2] if event == "socket.getaddrinfo" else arguments[-1]
        elif event in STARTS:
            what = arguments[1] if event == "subprocess.Popen" else arguments[0]
            if what == HARMLESS:
                return
        elif event == "socket.__new__" and arguments[1] not in LOCAL:
            what = arguments[1]
        elif event == "import" and arguments[0] in UNSEEN:
            what = arguments[0]
        else:
            return
        raise NetworkBlocked(
            f"a replay opens no socket and starts no process, but {event} was called with {what!r} in {doing()}. "
            "Let the case ask through its drive, or take out the plugin that does"
        )

    sys.addaudithook(refuse)
