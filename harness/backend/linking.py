"""Link's server side: a public token becomes a connection, once, however often the browser hands it over.

Source: [S24] token exchange; `onSuccess` can fire twice (trap 28), and any script can post a token (trap 29), so only
the exchange says what it is.
"""

from dataclasses import dataclass

from harness.backend.connections import Connections
from harness.backend.gateway import Gateway
from harness.core import Secret


@dataclass(frozen=True, slots=True)
class Linked:
    """How an exchange ended: `connection_id` when there is a connection, else `problem` for a person."""

    connection_id: str | None
    problem: str | None = None
    pending: bool = False


def link(public_token: Secret, connections: Connections, gateway: Gateway) -> Linked:
    """Exchange a public token. A token that was exchanged gives its connection again; nothing is asked twice."""
    first, made = connections.claim(public_token)
    if not first:
        return Linked(made, None if made else "The connection is being made.", pending=made is None)
    try:
        reply = gateway.exchange(public_token)
    except BaseException:
        connections.unclaim(public_token)
        raise
    body = reply.body if reply.ok and isinstance(reply.body, dict) else {}
    id, token = body.get("connection_id"), body.get("access_token")
    if not isinstance(id, str) or not isinstance(token, str):
        connections.unclaim(public_token)
        return Linked(None, f"The platform's token was not accepted (HTTP {reply.status}). Connect again.")
    name = body.get("name") or body.get("store_unique_name")
    connections.add(id, str(body.get("platform")), name if isinstance(name, str) else None, Secret(token), public_token)
    return Linked(id)
