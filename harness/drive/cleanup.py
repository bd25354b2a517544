"""Removing what a run created, and only that."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from harness.client import Call
from harness.drive.journal import Created, Remains
from harness.errors import TargetUnreachable

if TYPE_CHECKING:
    from harness.drive.session import Session


def clean_up(session: "Session", created: Iterable[Created]) -> list[Remains]:
    """Delete each object where the contract and the platform allow it; what remains is returned with the reason."""
    remains: list[Remains] = []
    for item in created:
        why = _remove(session, item)
        if why is not None:
            remains.append(Remains(item.platform, item.resource, item.id, why, item.case))
    return remains


def _remove(session: "Session", item: Created) -> str | None:
    """None when the object is gone; otherwise why it is not."""
    if item.id is None:
        return f"the outcome of the create with Idempotency-Key {item.key} is not known: look it up"
    resource = session.contract.resource(item.resource)
    if not resource.supports("delete", item.platform):
        return f"{item.platform} has no delete for {item.resource}"
    connection = session.world.connections[item.platform]
    target = session.world.target
    call = Call(
        "DELETE",
        resource.operations["delete"].url_path(id=item.id),
        (("access_token", connection.access_token.reveal()),),
        {
            "Authorization": target.credentials.header(),
            "X-Rutter-Version": target.version,
            "Content-Type": "application/json",
        },
        b"{}",
        platform=item.platform,
        connection_id=connection.id,
        resource=item.resource,
        operation="delete",
    )
    try:
        evidence = session.send(call)
    except TargetUnreachable as error:
        return str(error)
    if evidence.status == 200:
        session.journal.deleted(item.id)
        return None
    return f"DELETE answered {evidence.status or evidence.problem}"
