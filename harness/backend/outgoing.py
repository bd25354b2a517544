"""Writes through the backend, by HTTP: handed over under the caller's reference, then asked for."""

import json
from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from harness.backend.assembly import Backend
from harness.backend.catalogue import MIRRORED
from harness.backend.pages import json_response
from harness.backend.writes import ENDED, LONGEST_REFERENCE, Write


class Outgoing:
    """The addresses of writes. `wished` is told when there is one."""

    def __init__(self, backend: Backend, wished: Callable[[], None]) -> None:
        self._backend = backend
        self._wished = wished

    def routes(self) -> list[Route]:
        """The addresses."""
        return [
            Route("/connections/{id}/writes/{resource}", self.write, methods=["POST"]),
            Route("/writes/{reference}", self.shown, methods=["GET"]),
        ]

    async def write(self, request: Request) -> Response:
        """`{"reference": ..., "body": {...}}`: 202 once it is kept; the same reference is the same write."""
        try:
            given = json.loads(await request.body())
            reference, body = given["reference"], given["body"]
        except (ValueError, KeyError, TypeError, RecursionError):
            reference = body = None
        is_reference = (
            isinstance(reference, str) and reference.isprintable() and 0 < len(reference) <= LONGEST_REFERENCE
        )
        if not is_reference or not isinstance(body, dict):
            told = f"The body needs a reference of at most {LONGEST_REFERENCE} letters and a body, the API's own."
            return json_response({"error": told}, 400)
        return await run_in_threadpool(
            self._write, request.path_params["id"], request.path_params["resource"], reference, body
        )

    def _write(self, id: str, resource: str, reference: str, body: dict[str, object]) -> Response:
        if resource not in MIRRORED or self._backend.connections.get(id) is None:
            return json_response({"error": "There is no such connection or resource."}, 404)
        write = self._backend.writes.add(id, resource, reference, body)
        if (write.connection_id, write.resource, json.loads(write.body)) != (id, resource, body):
            return json_response({"error": "This reference is that of another write."}, 409)
        self._wished()
        return json_response(_told(write), 202)

    def shown(self, request: Request) -> Response:
        """How a write stands: `state`, `ended`, the object's `id`, the `problem` when it failed."""
        write = self._backend.writes.get(request.path_params["reference"])
        if write is None:
            return json_response({"error": "There is no such write."}, 404)
        return json_response(_told(write))


def _told(write: Write) -> dict[str, object]:
    return {"reference": write.reference, "state": write.state, "ended": write.state in ENDED, "id": write.object_id,
            "problem": write.problem, "tries": write.tries}  # fmt: skip
