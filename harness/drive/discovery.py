"""Reaching the target once before a run: is it there, is it this API, which connections may be used."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from harness.client import ApiClient, Call, NoBudget
from harness.client.budget import DEFAULT_RATE
from harness.core import Exchange, Secret, SystemClock
from harness.core.exchange import header
from harness.drive.connection import Connection
from harness.drive.target import Target
from harness.drive.world import World
from harness.errors import CredentialError, MalformedAnswer, TargetUnreachable

USABLE = ("active", "unhealthy")
FIX = {
    "not_ready": "its initial sync is not done; wait for INITIAL_UPDATE",
    "needs_reauth": "the end user must authenticate again",
    "disabled": "it is disabled; GET /connections/status says why",
}

WRONG_PLACE = frozenset({403, 404})
"""With these the API says that this is not allowed, or that the base URL is not the right one: the user's to mend."""


def discover(target: Target, platforms: Iterable[str], *, rate: str | None = None) -> World:
    """Ask `GET /connections?status=any` and choose one connection per platform.

    A given access token wins; otherwise the first usable connection of the platform. Raises TargetUnreachable when
    nothing or something else answers, CredentialError when the credentials are refused. Platforms without a usable
    connection are `problems`, not errors: their cases are inconclusive. A malformed list is no error either: the cases
    that ask for it find that, and given access tokens are used as they are.
    """
    malformed = None
    try:
        listed = fetch_connections(target)
    except MalformedAnswer as error:
        listed, malformed = [], str(error)
    connections: dict[str, Connection] = {}
    problems: dict[str, str] = {}
    for platform in dict.fromkeys(platforms):
        chosen = _choose(platform, target.tokens.get(platform), listed)
        if chosen is None:
            problems[platform] = malformed or (
                f"the organisation has no {platform} connection on {target.name}. Connect one, or set "
                f"RUTTER_ACCESS_TOKEN_{platform}"
            )
            continue
        connections[platform] = chosen
        if chosen.status is not None and chosen.status not in USABLE:
            problems[platform] = (
                f"the {platform} connection is {chosen.status}: {FIX.get(chosen.status, 'see its status')}"
            )
            if chosen.link_url:
                problems[platform] += ". Its link_url in GET /connections is the page for that"
    for platform, token in target.tokens.items():
        if platform not in connections:
            chosen = _choose(platform, token, listed)
            if chosen is not None:
                connections[platform] = chosen
    for item in listed:
        connections.setdefault(item.platform, item)
    own = "off" if target.name == "emulator" else DEFAULT_RATE
    return World(target, connections, problems, rate or target.rate or own, malformed)


def fetch_connections(target: Target) -> list[Connection]:
    """Every connection of the organisation, whatever its status. MalformedAnswer when the list is not as documented;
    of its rows, those are left out that have no access token."""
    exchange = ask(target, "/connections", (("status", "any"),))
    body = answered(target, exchange, "/connections")
    rows = body.get("connections") if isinstance(body, dict) else None
    if not isinstance(rows, list):
        raise MalformedAnswer(f'{target.base_url}/connections answers JSON without "connections": is this the API?')
    return [
        Connection(
            id=_text(row, "id"),
            platform=str(row.get("platform")),
            access_token=Secret(row["access_token"]),
            status=_text(row, "status"),
            org_id=None,
            link_url=_text(row, "link_url"),
        )
        for row in rows
        if isinstance(row, dict) and isinstance(row.get("access_token"), str)
    ]


def _text(row: Mapping[str, Any], name: str) -> str | None:
    value = row.get(name)
    return value if isinstance(value, str) else None


def ask(target: Target, path: str, query: tuple[tuple[str, str], ...] = ()) -> Exchange:
    """One GET with the organisation's credentials, retried as the documented table allows."""
    client: ApiClient[Exchange] = ApiClient(
        target.base_url, budget=NoBudget(), clock=SystemClock(), record=lambda exchange: exchange
    )
    try:
        headers = {"Authorization": target.credentials.header(), "X-Rutter-Version": target.version}
        return client.send(Call("GET", path, query, headers))
    finally:
        client.close()


def answered(target: Target, exchange: Exchange, path: str) -> Any:
    """The JSON body of a 200; one clear error for everything else: MalformedAnswer when it is this API that answers."""
    where = f"{target.base_url}{path}"
    if exchange.problem is not None:
        raise TargetUnreachable(
            f"{where} cannot be reached: {exchange.problem.message}. Is it running, is the URL right?"
        )
    response = exchange.response
    if response is None:
        raise TargetUnreachable(f"{where}: no answer")
    kind = header(response.headers, "content-type") or "no content-type"
    try:
        body: Any = json.loads(response.body)
    except ValueError:
        if response.status == 200 and "json" in kind:
            raise MalformedAnswer(f"{where} answers 200 with {kind}, but not JSON") from None
        hint = " The base URL ends with /versioned" if "/versioned" not in target.base_url else ""
        raise TargetUnreachable(
            f"{where} answers {response.status} with {kind}, not JSON: this is not the API.{hint}"
        ) from None
    if response.status == 401:
        raise CredentialError(
            f"{where} refuses the credentials (401). Check RUTTER_CLIENT_ID and RUTTER_CLIENT_SECRET: sandbox and "
            "production have different pairs"
        )
    if response.status != 200:
        of_api = bool(_told(body)) and response.status not in WRONG_PLACE
        raise (MalformedAnswer if of_api else TargetUnreachable)(
            f"{where} answers {response.status}{_told(body)}. Expected 200"
        )
    return body


def _told(body: Any) -> str:
    if isinstance(body, Mapping) and isinstance(body.get("error_code"), str):
        return f" {body['error_code']}"
    return ""


def _choose(platform: str, token: Secret | None, listed: list[Connection]) -> Connection | None:
    own = [item for item in listed if item.platform == platform]
    if token is not None:
        found = next((item for item in listed if item.access_token == token), None)
        return found or Connection(None, platform, token)
    ranked = sorted(own, key=lambda item: item.status not in USABLE)
    return ranked[0] if ranked else None
