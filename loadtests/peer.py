"""A bare application beside which the emulator is measured: the same framework and server, the same bytes, no API.

`python loadtests/peer.py FOLDER`: FOLDER holds the answers (`get`, `list`, `filtered`, `create`, as bytes); prints
`ready PORT` when it serves. A create reads the JSON of its body and is one insert with one durable commit in a SQLite
file of the same settings as the emulator's, one commit a request.
"""

import asyncio
import sqlite3
import sys
import uuid
from pathlib import Path

import uvloop
from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from harness.emulator import EmulatorSettings
from harness.emulator.server import with_port
from harness.emulator.storage.database import PRAGMAS


def application(folder: Path) -> Starlette:
    """The bare application."""
    answers = {name: (folder / name).read_bytes() for name in ("get", "list", "filtered", "create")}
    database = sqlite3.connect(folder / "peer.sqlite", isolation_level=None, check_same_thread=False)
    for pragma in PRAGMAS:
        database.execute(f"PRAGMA {pragma}")
    database.execute("CREATE TABLE IF NOT EXISTS documents (id TEXT PRIMARY KEY, body TEXT)")

    def answer(content: bytes) -> Response:
        return Response(content, media_type="application/json")

    async def get(_: Request) -> Response:
        return answer(answers["get"])

    async def listed(request: Request) -> Response:
        return answer(answers["filtered" if "filter" in request.query_params else "list"])

    async def create(request: Request) -> Response:
        if not isinstance(await request.json(), dict):
            return Response(status_code=400)
        database.execute("INSERT INTO documents VALUES (?, ?)", (str(uuid.uuid4()), (await request.body()).decode()))
        return answer(answers["create"])

    return Starlette(routes=[
        Route("/versioned/accounting/{resource}/{id}", get),
        Route("/versioned/accounting/{resource}", listed),
        Route("/versioned/accounting/{resource}", create, methods=["POST"]),
    ])  # fmt: skip


async def serve(folder: Path) -> None:
    """Serve until ended."""
    port = with_port(EmulatorSettings()).port
    server = Server(application(folder), address="127.0.0.1", port=port, interface=Interfaces.ASGI,
                    http=HTTPModes.http1, websockets=False, log_enabled=False)  # fmt: skip
    serving = asyncio.ensure_future(server.serve())
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.wait({serving}, timeout=0.01)
            continue
        writer.close()
        await writer.wait_closed()
        break
    print(f"ready {port}", flush=True)
    await serving


if __name__ == "__main__":
    uvloop.run(serve(Path(sys.argv[1])))
