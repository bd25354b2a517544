"""A bare application beside which the emulator is measured: the same framework and server, the same bytes, no API.

`python loadtests/peer.py FOLDER`: FOLDER holds the answers (`get`, `list`, `filtered`, `create`, as bytes); prints
`ready PORT` when it serves. A create reads the JSON of its body and is one insert with one durable commit in a SQLite
file of the same settings as the emulator's, one commit a request.
"""

import sqlite3
import sys
import uuid
from functools import partial
from pathlib import Path

import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from harness.emulator.storage.database import PRAGMAS
from harness.serving import free_port, until_stopped


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


def serve(folder: Path) -> None:
    """Serve until ended."""
    port = free_port("127.0.0.1", 0)
    ready = partial(print, f"ready {port}", flush=True)
    uvloop.run(until_stopped(application(folder), "127.0.0.1", port, on_ready=ready))


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
