"""A replay opens no socket, whoever tries."""

import subprocess
import sys

import pytest

ATTEMPTS = {
    "connect": "socket.create_connection(('127.0.0.1', 9), 1)",
    "name": "socket.getaddrinfo('api.invalid', 443)",
    "name of an address": "socket.gethostbyaddr('127.0.0.1')",
    "datagram": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 9))",
    "message": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendmsg([b'x'], [], 0, ('127.0.0.1', 9))",
    "listen": "socket.socket().bind(('127.0.0.1', 0))",
    "httpx": "httpx.get('http://127.0.0.1:9')",
    "asyncio": "asyncio.run(asyncio.open_connection('127.0.0.1', 9))",
    "urllib": "urllib.request.urlopen('http://127.0.0.1:9')",
    "a socket": "socket.socket()",
    "a local one": "socket.socket(socket.AF_UNIX).connect('/none')",
    "another process": "subprocess.run(['curl', 'http://127.0.0.1:9'])",
    "a shell": "os.system('true')",
    "a child": "os.posix_spawn('/bin/true', ['true'], {})",
    "curl": "import pycurl",
}


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_an_attempt_names_the_case(attempt: str) -> None:
    """Whatever reaches for the network in a replay gets an error with the case, before a packet is sent."""
    program = (
        "import asyncio, os, socket, subprocess, urllib.request, httpx\n"
        "from harness.recording import block_network\n"
        "block_network(lambda: 'P:bills dates/midnight/P/bills')\n" + ATTEMPTS[attempt]
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)  # noqa: S603 - our own
    assert done.returncode == 1
    assert "NetworkBlocked: a replay opens no socket" in done.stderr
    assert "in P:bills dates/midnight/P/bills" in done.stderr


def test_asyncio_itself_goes_on() -> None:
    """An event loop needs a pair of sockets to wake itself, and gets it."""
    program = (
        "import asyncio\n"
        "from harness.recording import block_network\n"
        "block_network(lambda: 'a case')\n"
        "print(asyncio.run(asyncio.sleep(0, 'slept')))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)  # noqa: S603 - our own
    assert done.stdout == "slept\n", done.stderr
