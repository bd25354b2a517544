"""What the popup and its pages ask: start, connect, refuse, authenticate, and the second channel. Source: facts 9."""

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from harness.contract import Contract
from harness.emulator.connections.lifecycle import Lifecycle
from harness.emulator.errors import ApiError, invalid_credentials, invalid_request, unknown_path
from harness.emulator.link import pages
from harness.emulator.link.channel import Channel
from harness.emulator.organisation import Organisation
from harness.emulator.settings import EmulatorSettings
from harness.emulator.webhooks.events import Announcer

Fields = dict[str, Any]
STARTED_WITH = ("nonce", "storeName", "region", "cardActivationId")
OPEN_TO_ALL = {"access-control-allow-origin": "*", "access-control-allow-headers": "x-rutter-version",
               "access-control-allow-methods": "GET, OPTIONS"}  # fmt: skip
HTML = {"content-type": "text/html; charset=utf-8", "cache-control": "no-store"}
JSON = {"content-type": "application/json"}
Transaction = Callable[[], AbstractContextManager[None]]
Reply = tuple[int, bytes, dict[str, str]]


class Popup:
    """Link of one emulator."""

    def __init__(
        self,
        contract: Contract,
        settings: EmulatorSettings,
        organisation: Organisation,
        lifecycle: Lifecycle,
        announcer: Announcer,
        channel: Channel,
        transaction: Transaction,
    ) -> None:
        self._contract, self._settings, self._organisation = contract, settings, organisation
        self._lifecycle, self._announcer, self._channel = lifecycle, announcer, channel
        self._transaction = transaction

    async def reply(self, method: str, path: str, query: Mapping[str, str], body: bytes) -> Reply:
        """(status, content, headers) of one request of a browser; ApiError for what is not understood."""
        match (method, path.strip("/").split("/")):
            case ("GET", ["linkstart", key]):
                return self._start(key, query)
            case ("GET", ["connection", id]):
                return self._again(id)
            case ("OPTIONS", ["versioned", "link", "websocket", "auth"]):
                return 204, b"", OPEN_TO_ALL
            case ("GET", ["versioned", "link", "websocket", "auth"]):
                return 200, json.dumps({"token": self._channel.token()}).encode(), JSON | OPEN_TO_ALL
            case ("GET", ["event-stream"]):
                return await self._stream(query)
            case ("POST", ["link", what]):
                with self._transaction():
                    return 200, json.dumps(self._act(what, _read(body))).encode(), JSON
        raise unknown_path()

    def _act(self, what: str, body: Fields) -> Fields:
        match what:
            case "connect":
                return self._connect(body)
            case "fail":
                return self._fail(body)
            case "authenticate":
                return self._authenticate(body)
        raise unknown_path()

    def _start(self, key: str, query: Mapping[str, str]) -> Reply:
        if key != self._organisation.credentials.public_key:
            return self._settings.link_key_status, pages.refusing("The public key is not known.").encode(), HTML
        platform = query.get("platform", "").upper() or None
        if platform is not None and platform not in self._contract.platforms:
            return 400, pages.refusing(f"There is no platform {platform}.").encode(), HTML
        start: Fields = {name: query.get(name) for name in STARTED_WITH} | {
            "publicKey": key, "autoLoad": platform is not None and query.get("autoLoad") == "true"
        }  # fmt: skip
        page = pages.choosing(self._contract.platforms, platform, start, query.get("origin") or "*")
        return 200, page.encode(), HTML

    def _again(self, id: str) -> Reply:
        connection = self._organisation.find(id)
        if connection is None:
            return 404, pages.refusing("There is no such connection.").encode(), HTML
        platform = None if connection["sync"]["stage"] == "waiting" else connection["platform"]
        return 200, pages.authenticating(self._contract.platforms, id, platform).encode(), HTML

    async def _stream(self, query: Mapping[str, str]) -> Reply:
        if not self._channel.opens(query.get("access_token", "")):
            raise invalid_credentials()
        event = await self._channel.next_event(query.get("channels", ""), self._settings.link_stream_seconds)
        return 200, event, {"content-type": "text/event-stream", "cache-control": "no-store"} | OPEN_TO_ALL

    def _connect(self, start: Fields) -> Fields:
        """The end user has authenticated: the connection begins, its public token goes out over the channels."""
        connection = self._made(start)
        self._lifecycle.authenticate(connection)
        token = self._organisation.public_token(connection)
        message = {"nonce": start.get("nonce"), "type": "SUCCESS", "publicToken": token}
        if self._settings.link_channels != "message" and start.get("nonce"):
            self._channel.publish(str(start["nonce"]), json.dumps(message))
        return {"message": message, "post": self._settings.link_channels != "stream"}

    def _fail(self, start: Fields) -> Fields:
        """The platform has refused. INFERRED: the event names the connection that was being made."""
        self._announcer.connection(self._made(start), "CONNECTION_LINK_ERROR")
        return {"success": True}

    def _authenticate(self, body: Fields) -> Fields:
        connection = self._organisation.by_id(str(body.get("connection")))
        platform = body.get("platform")
        if platform is not None and platform not in self._contract.platforms:
            raise invalid_request(f"There is no platform {platform}.", field="platform")
        self._lifecycle.authenticate(connection, platform)
        return {"success": True}

    def _made(self, start: Fields) -> Fields:
        if start.get("publicKey") != self._organisation.credentials.public_key:
            raise ApiError(self._settings.link_key_status, "CONNECTION_ERROR", "INVALID_CREDENTIALS",
                           "The public key is not known.")  # fmt: skip
        return self._organisation.link(str(start.get("platform")))


def is_link(path: str) -> bool:
    """Whether a path belongs to Link; these stand beside the API, most of them not under its base path."""
    head = path.split("/", 2)[1] if path.startswith("/") else ""
    return head in {"linkstart", "connection", "link", "event-stream"} or path == "/versioned/link/websocket/auth"


def _read(body: bytes) -> Fields:
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise invalid_request("The body is a JSON object.")
    return found
