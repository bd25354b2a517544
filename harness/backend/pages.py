"""Pages for people and their JSON: connections, Link, the mirrored data. Rendered here, no build step.

A page holds no access token: what it shows comes from `ConnectionView` and the mirror.
"""

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from harness.backend.assembly import Backend
from harness.backend.catalogue import MIRRORED
from harness.backend.gateway import Paused
from harness.backend.linking import link
from harness.backend.meaning import CONNECTION, EVERYTHING
from harness.core import Secret

OPENER = {"Cross-Origin-Opener-Policy": "same-origin-allow-popups"}
"""Without it the popup's messages are lost. Source: [D:rutter-link/overview]."""
ROWS = 50
LONGEST_NAME = 30
"""Of a connection, in letters. Source: [S24] PATCH /connections/{id}."""
SCRIPT = "/rutter-link.js"


class Pages:
    """The pages of one backend. `wished` is told when something was wished for."""

    def __init__(self, backend: Backend, wished: Callable[[], None]) -> None:
        self._backend = backend
        self._wished = wished
        self._gateway = backend.gateway()
        self._lock = threading.Lock()
        self._templates = Environment(
            loader=PackageLoader("harness.backend"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        self._templates.filters["moment"] = _moment

    def routes(self) -> list[Route]:
        """The addresses."""
        return [
            Route("/", self.home, methods=["GET"]),
            Route(SCRIPT, self.script, methods=["GET"]),
            Route("/link/exchange", self.exchange, methods=["POST"]),
            Route("/connections", self.connections, methods=["GET"]),
            Route("/connections/{id}", self.connection, methods=["GET"]),
            Route("/connections/{id}/data/{resource}", self.data, methods=["GET"]),
            Route("/connections/{id}/sync", self.sync, methods=["POST"]),
            Route("/connections/{id}/rename", self.rename, methods=["POST"]),
            Route("/connections/{id}/disconnect", self.disconnect, methods=["POST"]),
        ]

    def close(self) -> None:
        """Close the way to the API."""
        self._gateway.close()

    def home(self, _request: Request) -> Response:
        """All connections, and the Connect button."""
        views = self._backend.connections.all()
        settings = self._backend.settings
        is_address = settings.link_script.startswith(("http://", "https://"))
        return self._page("home.html.j2", views=views, public_key=settings.public_key, link_url=settings.link_url,
                          link_script=settings.link_script if is_address else SCRIPT)  # fmt: skip

    def script(self, _request: Request) -> Response:
        """The browser package, when it is a file of this machine."""
        path = Path(self._backend.settings.link_script)
        if not path.is_file():
            return json_response({"error": "The browser package is not served from here."}, 404)
        return Response(path.read_bytes(), media_type="text/javascript")

    async def exchange(self, request: Request) -> Response:
        """A public token from the browser: `{"public_token": ...}`. 202 while an earlier call for it is under way."""
        from starlette.concurrency import run_in_threadpool

        try:
            token = json.loads(await request.body()).get("public_token")
        except (ValueError, AttributeError, RecursionError):
            token = None
        if not isinstance(token, str) or not token.isprintable() or not token:
            return json_response({"error": "The body has no public_token."}, 400)
        return await run_in_threadpool(self._exchange, Secret(token))

    def _exchange(self, token: Secret) -> Response:
        try:
            with self._lock:
                linked = link(token, self._backend.connections, self._gateway)
        except Paused as rest:
            return json_response({"error": f"Busy; try again in {rest.seconds:.0f} s."}, 503)
        if linked.connection_id is None:
            return json_response({"error": linked.problem}, 202 if linked.pending else 400)
        self._wished()
        return json_response({"connection_id": linked.connection_id})

    def connections(self, _request: Request) -> Response:
        """All connections as JSON."""
        shown = [
            {"id": view.id, "platform": view.platform, "name": view.name, "state": view.state, "reason": view.reason,
             "link_url": view.link_url, "synced_at": view.synced_at, "counts": self._backend.mirror.counts(view.id)}
            for view in self._backend.connections.all()
        ]  # fmt: skip
        return json_response({"connections": shown})

    def connection(self, request: Request) -> Response:
        """One connection with what was mirrored."""
        view = self._backend.connections.get(request.path_params["id"])
        if view is None:
            return json_response({"error": "There is no such connection."}, 404)
        return self._page("connection.html.j2", view=view, counts=self._backend.mirror.counts(view.id))

    def data(self, request: Request) -> Response:
        """Mirrored rows as JSON: `?after=` an id, `?limit=` at most 500; as a page for a browser."""
        id, resource = request.path_params["id"], request.path_params["resource"]
        view = self._backend.connections.get(id)
        if view is None or resource not in MIRRORED:
            return json_response({"error": "There is no such connection or resource."}, 404)
        limit = request.query_params.get("limit", "")
        most = min(int(limit), 500) if limit.isascii() and limit.isdigit() and int(limit) else ROWS
        rows = self._backend.mirror.rows(id, resource, after=request.query_params.get("after", ""), most=most)
        following = rows[-1]["id"] if len(rows) == most else None
        if "text/html" in request.headers.get("accept", ""):
            return self._page("data.html.j2", view=view, resource=resource, rows=rows, following=following)
        return json_response({"rows": rows, "next": following})

    def sync(self, request: Request) -> Response:
        """Read everything again, now."""
        return self._changed(
            request.path_params["id"], lambda known: self._backend.wishes.add(known, CONNECTION, EVERYTHING)
        )

    async def rename(self, request: Request) -> Response:
        """`{"name": ...}`: the name that people see, here and in the provider's dashboard."""
        from starlette.concurrency import run_in_threadpool

        try:
            name = json.loads(await request.body()).get("name")
        except (ValueError, AttributeError, RecursionError):
            name = None
        if not isinstance(name, str) or not name.isprintable() or not 0 < len(name.strip()) <= LONGEST_NAME:
            return json_response({"error": f"A name has 1 to {LONGEST_NAME} letters."}, 400)
        return await run_in_threadpool(self._rename, request.path_params["id"], name.strip())

    def _rename(self, id: str, name: str) -> Response:
        """At the API first: names are unique there, and only it knows them all."""
        if self._backend.connections.get(id) is None:
            return json_response({"error": "There is no such connection."}, 404)
        try:
            with self._lock:
                reply = self._gateway.call("PATCH", f"/connections/{id}", body={"name": name})
        except Paused as rest:
            return json_response({"error": f"Busy; try again in {rest.seconds:.0f} s."}, 503)
        if reply.status != 200:
            refused = reply.status is not None and 400 <= reply.status < 500
            told = "did not take this name: another connection may have it" if refused else "did not answer; try again"
            return json_response({"error": f"The API {told} (HTTP {reply.status})."}, 400 if refused else 502)
        return self._changed(id, lambda known: self._backend.connections.note(known, name=name))

    def disconnect(self, request: Request) -> Response:
        """Delete the connection at the API, then everything that was stored of it."""
        id = request.path_params["id"]
        if self._backend.connections.get(id) is None:
            return json_response({"error": "There is no such connection."}, 404)
        try:
            with self._lock:
                reply = self._gateway.call("DELETE", f"/connections/{id}")
        except Paused as rest:
            return json_response({"error": f"Busy; try again in {rest.seconds:.0f} s."}, 503)
        if reply.status not in {200, 404, 410}:
            return json_response({"error": f"The API did not delete it (HTTP {reply.status}); try again."}, 502)
        self._backend.connections.remove(id)
        return json_response({"disconnected": id})

    def _changed(self, id: str, change: Callable[[str], None]) -> Response:
        if self._backend.connections.get(id) is None:
            return json_response({"error": "There is no such connection."}, 404)
        change(id)
        self._wished()
        return RedirectResponse(f"/connections/{id}", 303)

    def _page(self, template: str, **values: Any) -> Response:
        text = self._templates.get_template(template).render(**values)
        return Response(text, media_type="text/html; charset=utf-8", headers=OPENER)


def _moment(seconds: float | None) -> str:
    """A time for a person, in UTC."""
    return "not yet" if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"


def json_response(body: Any, status: int = 200) -> Response:
    """JSON with its status."""
    return Response(json.dumps(body), status, media_type="application/json")
