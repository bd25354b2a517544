"""From a request to its answer: who asks, what is asked, and what the documented API says to that."""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

from harness.contract import Contract, Operation, Resource
from harness.emulator.bookkeeping.ledger import Ledgers
from harness.emulator.clock import EmulatorClock, read_millis, to_millis
from harness.emulator.configuration import Configuration
from harness.emulator.connections.made_of import credentials
from harness.emulator.documents import Documents
from harness.emulator.errors import (
    connection_state_error,
    invalid_credentials,
    invalid_request,
    missing_access_token,
    not_supported,
    unknown_id,
    unknown_path,
    wrong_version,
)
from harness.emulator.identifiers import IdSource
from harness.emulator.jobs import fingerprint
from harness.emulator.limiting import RateLimit
from harness.emulator.messages import Answer, Incoming, Json
from harness.emulator.multipart import content_of
from harness.emulator.operations import Call, Special, specials
from harness.emulator.operations.custom_fields import is_generic
from harness.emulator.organisation import Organisation
from harness.emulator.query import millis
from harness.emulator.reading import get_one, limit_of, list_page
from harness.emulator.router import Match, Router
from harness.emulator.settings import EmulatorSettings
from harness.emulator.sync.books import seeded
from harness.emulator.validity import checked_mode, demanded, json_body, requested
from harness.emulator.world import World
from harness.emulator.writing import TASK, Act, Errand, Order, Writer

PLAIN = frozenset({"list", "get", "create", "update", "delete"})
NO_TOKEN = frozenset({"connections", "token_exchanges", "jobs", "webhook_configs", "connection_sync_configs",
                      "platform_sync_configs"})  # fmt: skip
TOKENED = frozenset({"get_access_token", "access_token_invalidate", "backfill", "incremental_sync", "get_status"})
EVENTS_LIMIT = 500


class Api:
    """The whole API of one emulator."""

    def __init__(self, contract: Contract, settings: EmulatorSettings, base_url: str) -> None:
        self.contract, self.settings = contract, settings
        self.clock = EmulatorClock(settings.frozen_at)
        self.store = Documents(settings.database, contract, self._books)
        with self.store.transaction():
            boot = len(self.store.kind("boot"))
            self.store.keep("boot", str(boot), {})
        self.ledgers = Ledgers(self.store.all)
        self.ids = IdSource(settings.seed, boot)
        self.configuration = Configuration(self.store, contract, settings)
        self.organisation = Organisation(self.store, contract, settings, self.clock, self.ids,
                                         self.configuration.new_connection,
                                         base_url.removesuffix("/versioned"))  # fmt: skip
        self.world = World(self.store, contract, settings, self.clock, self.ids, self.organisation,
                           self.configuration)  # fmt: skip
        self.writer = Writer(self.store, contract, settings, self.clock, self.ids, lambda: base_url,
                             self.world.agenda)  # fmt: skip
        self.world.timekeeper.handle(TASK, self.writer.finish)
        self.writer.redo = self._redo
        self.writer.written, self.writer.ended = self.world.written, self.world.announcer.job
        self.writer.fetch = self.world.syncing.fetch
        self.limit = RateLimit(settings, self.clock, self.store)
        own = self.organisation.credentials
        self._basic = b"Basic " + b64encode(f"{own.client_id}:{own.client_secret.reveal()}".encode())
        self._router = Router(contract)
        self.match = self._router.match

    def answer(self, request: Incoming) -> Json | Answer | bytes:
        """The answer whole, as data or as JSON text; raises ApiError for every documented error."""
        if self.store.shared:
            self.clock.refresh()
        self._authenticate(request)
        self.limit.admit()
        match = self._router.match(request.method, request.path)
        if match is None:
            raise unknown_path()
        self._version(request)
        if match.resource is None or match.operation is None:
            raise unknown_path(self.settings.method_status, match.allowed)
        if is_generic(request, match):
            match = self._router.generic(match)
        if request.method == "GET":
            return self._route(request, match)
        with self.store.transaction():
            return self._route(request, match)

    async def waited(self, answer: Json) -> Json:
        """An answer once what it waits for has come: its job's result, or the instant until which it waits."""
        wait = answer.wait
        if wait is None:
            return answer
        keeper = self.world.timekeeper
        if not wait.result:
            await keeper.until(lambda: to_millis(self.clock.now()) >= wait.until)
            return answer
        await keeper.until(lambda: "response" in (self.writer.jobs.get(wait.job) or {"response": None}))
        done = self.writer.jobs.get(wait.job)
        return Json(done["response"]["body"], done["response"]["http_status"], wait.job) if done else answer

    def _route(self, request: Incoming, match: Match) -> Json | Answer | bytes:
        resource, operation = match.resource, match.operation
        if resource is None or operation is None:
            raise unknown_path()
        if resource.name in NO_TOKEN and operation.name not in TOKENED:
            return self._organisation(request, resource, operation, match.values)
        if "access_token" not in operation.parameters:
            merchant = match.values.get("merchantId", "merchants")
            return self._special(Call(self, request, resource, operation, match.values, merchant_of(merchant)))
        connection = self._connection(request)
        if operation.name in TOKENED:
            return self._own(request, operation, connection)
        return self._data(request, match, connection)

    def _books(self, connection: str) -> Mapping[str, list[dict[str, Any]]]:
        """The seeded books of a connection that existed from the start; a new one has empty books."""
        owner = self.organisation.find(connection)
        if owner is None or owner["origin"] != "start":
            return {}
        return seeded(owner["platform"], self.contract.version, self.settings.seed, self.settings.seed_at)

    def _authenticate(self, request: Incoming) -> None:
        said = request.headers.get("authorization", "")
        if hmac.compare_digest(said.encode(), self._basic):
            return
        scheme, _, text = said.partition(" ")
        try:
            sent = b64decode(text, validate=True)
        except ValueError:
            sent = b""
        own = self.organisation.credentials
        right = f"{own.client_id}:{own.client_secret.reveal()}".encode()
        if scheme.lower() != "basic" or not hmac.compare_digest(sent, right):
            raise invalid_credentials()

    def _version(self, request: Incoming) -> None:
        sent = request.headers.get("x-rutter-version")
        if sent != self.contract.version:
            raise wrong_version(self.settings, sent, self.contract.version)

    def _connection(self, request: Incoming) -> dict[str, Any]:
        token = request.param("access_token")
        if not token:
            raise missing_access_token(self.settings)
        return self.organisation.by_token(token)

    def _organisation(
        self, request: Incoming, resource: Resource, operation: Operation, values: Mapping[str, str]
    ) -> Json:
        """Endpoints without an access token. Source: [S24], facts section 1."""
        id = values.get("id", "")
        place = (resource.name, operation.name)
        match place:
            case ("connections", "list"):
                return Json(self.organisation.list(request.param("status")))
            case ("connections", "create"):
                body = json_body(request.body)
                made_of = {} if body in ({}, None) else credentials(self.contract, operation, body)
                return Json(self.world.create(made_of))
            case ("connections", "update"):
                return Json(self.organisation.rename(id, self._body(request, operation)))
            case ("connections", "delete"):
                return Json(self.world.delete(id))
            case ("token_exchanges", _):
                return Json(self.organisation.exchange(self._body(request, operation)))
            case ("jobs", _):
                found = self.writer.jobs.get(id)
                if found is None:
                    raise unknown_id(self.settings, "job")
                return Json(found)
        return self._configs(request, resource, operation, values)

    def _configs(self, request: Incoming, resource: Resource, operation: Operation, values: Mapping[str, str]) -> Json:
        config = self.configuration
        if resource.name == "webhook_configs":
            match operation.name:
                case "list":
                    return Json(config.webhooks())
                case "get":
                    return Json(config.webhook(values["id"]))
                case "get_platform_data_config":
                    return Json(config.platform_data(values["id"]))
            return Json(config.set_platform_data(values["id"], self._body(request, operation)))
        scope = "platforms" if resource.name == "platform_sync_configs" else "connections"
        name = values.get("platform") or values["id"]
        if scope == "connections" and name not in self.organisation.connections:
            raise unknown_id(self.settings, "connection")
        match operation.name:
            case "get":
                owner = self.organisation.find(name) if scope == "connections" else None
                return Json(config.sync(scope, name, owner["platform"] if owner else ""))
            case "delete":
                return Json(config.delete_sync(scope, name))
        return Json(config.set_sync(scope, name, self._body(request, operation)))

    def _body(self, request: Incoming, operation: Operation) -> Any:
        return requested(self.contract, operation, json_body(request.body))

    def _own(self, request: Incoming, operation: Operation, connection: dict[str, Any]) -> Json:
        """Endpoints about the connection of the access token; they answer in every state."""
        match operation.name:
            case "get_status":
                return Json(self.world.status(connection))
            case "get_access_token":
                return Json(self.world.details(connection))
            case "access_token_invalidate":
                return Json(self.organisation.invalidate(connection))
            case "backfill":
                return Json(self.world.backfill(connection, json_body(request.body)))
        return Json(self.world.incremental_sync(connection, demanded(operation, json_body(request.body))))

    def _data(self, request: Incoming, match: Match, connection: dict[str, Any]) -> Json | Answer | bytes:
        """Endpoints about data."""
        resource, operation = match.resource, match.operation
        if resource is None or operation is None:
            raise unknown_path()
        platform = connection["platform"]
        for name in operation.needs_query:
            if request.param(name) is None:
                raise invalid_request(f"{name} is required.", parameter=name)
        if resource.name == "events":
            return Json(self._events(request, connection))
        if not self._supported(resource, operation.name, platform):
            raise not_supported(self.settings, f"{operation.name} of {resource.name} on {platform}")
        waived = request.param("force_fetch") == "true" and connection["status"] == "not_ready"
        problem = connection_state_error(self.settings, connection["status"], connection["link_url"])
        if problem is not None and not waived:
            raise problem
        if (resource.name, operation.name) in specials():
            return self._special(Call(self, request, resource, operation, match.values, connection))
        block = self.organisation.block(connection)
        query = dict(reversed(request.query))
        if operation.name == "list":
            return list_page(self.store, self.settings, resource, block, query)
        if operation.name == "get":
            return get_one(self.store, self.settings, resource, block, match.values["id"], query)
        body = json_body(request.body)
        checked_mode(body)
        return self._write(Call(self, request, resource, operation, match.values, connection), body, body)

    def _supported(self, resource: Resource, operation: str, platform: str) -> bool:
        if (resource.name, operation) not in specials() and (resource.schema_name is None or operation not in PLAIN):
            return False
        return resource.supports(operation, platform)

    def _special(self, call: Call) -> Json | Answer | bytes:
        """An operation with a module of its own."""
        special = specials()[call.resource.name, call.operation.name]
        if special.read is not None:
            return special.read(call)
        content = content_of(call.request)
        kept = content
        if special.sealed and isinstance(content, dict):
            kept = {name: value for name, value in content.items() if name == "response_mode"}
        return self._write(call, content, kept, special)

    def later(self, call: Call) -> Json:
        """A read that was asked for as a job. Source: [S24] x-async on GET."""
        with self.store.transaction():
            special = specials()[call.resource.name, call.operation.name]
            return self._write(call, None, {"response_mode": "async"}, special)

    def _redo(self, told: Mapping[str, Any]) -> Act:
        """What a special operation does, from the request that was accepted."""
        request = Incoming.restored(told)
        request.query = [pair for pair in request.query if pair[0] != "response_mode"]
        match = self._router.match(request.method, request.path)
        if match is None or match.resource is None or match.operation is None:
            raise unknown_path()
        connection = self._connection(request)
        special = specials()[match.resource.name, match.operation.name]
        return special.act(Call(self, request, match.resource, match.operation, match.values, connection))

    def _write(self, call: Call, content: Any, kept: Any = None, special: Special | None = None) -> Json:
        """`content` makes two requests the same, `kept` stands in the job. What declares no asynchronous answer gives
        none, whatever is asked for. Source: [S24] x-async."""
        request, operation = call.request, call.operation
        if not operation.is_async and isinstance(kept, dict) and "response_mode" in kept:
            kept = {name: value for name, value in kept.items() if name != "response_mode"}
        # Another connection is another request, whatever its body: other parameters, hence a 409 where keys are shared.
        query = [(name, call.connection["id"] if name == "access_token" else value) for name, value in request.query]
        compared = request.body.decode("utf-8", "replace") if self.settings.idempotency_compare == "bytes" else content
        result = self.writer.write(
            Order(
                resource=call.resource,
                operation=operation.name,
                connection=call.connection,
                id=call.values.get("id"),
                body=kept,
                key=request.headers.get("idempotency-key") if operation.method in {"POST", "PATCH"} else None,
                fingerprint=fingerprint(request.method, request.path, query, compared),
                method=request.method,
                url=request.url,
                slow=request.slow and operation.is_async,
            ),
            Errand(lambda: special.act(call), request.stored) if special else None,
        )
        body = result.body
        if operation.carries_connection and result.status == 200 and "async_response" not in body:
            body = {**body, "connection": call.block()}
        return Json(body, result.status, result.job, result.wait)

    def _events(self, request: Incoming, connection: dict[str, Any]) -> dict[str, Any]:
        """`GET /events`: deletes that the platform tells of, oldest first. Source: facts section 7."""
        if request.param("type") not in {None, "object_deleted"}:
            raise invalid_request("type is object_deleted.", parameter="type")
        prefix = f"{connection['id']}:"
        found = [event for _, event in self.store.recall("event", prefix)]
        wanted = request.param("resources")
        if wanted is not None:
            found = [event for event in found if event["resource"] in wanted.split(",")]
        least = request.param("last_synced_at_min")
        if least is not None:
            bound = millis("last_synced_at_min", least)
            found = [event for event in found if (read_millis(event["last_synced_at"]) or 0) >= bound]
        found.sort(key=lambda event: event["last_synced_at"])
        limit = limit_of(dict(request.query), self.settings, EVENTS_LIMIT)
        cursor = request.param("cursor")
        start = next((place + 1 for place, event in enumerate(found) if event["id"] == cursor), 0)
        page = found[start : start + limit]
        more = start + limit < len(found)
        return {"events": page, "next_cursor": page[-1]["id"] if more else None}


def merchant_of(name: str) -> dict[str, Any]:
    """What stands for a connection where the path names a merchant and no access token is sent. Source: [S24]."""
    return {"id": f"merchant:{name}"[:64], "platform": ""}
