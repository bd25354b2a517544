"""Defects that show in something else than the object a write named: bystanders, the deleted, other tenants, credits."""

import json
from typing import Any

from harness.emulator.defects.registry import register
from harness.emulator.defects.scene import Scene, answers, look, rows_of


def _copied(request: Any, path: str | None = None) -> Any:
    """The same request without its key, to another path if given."""
    headers = {name: value for name, value in request.headers.items() if name != "idempotency-key"}
    return type(request)(request.method, path or request.path, list(request.query), headers, request.body, request.url)


def _memory(api: Any, name: str) -> Any:
    return api.__dict__.setdefault(f"defect_{name}", {})


def _on(api: Any, request: Any, *operations: str, resource: str = "bills") -> Scene | None:
    scene = look(api, request)
    fits = scene is not None and scene.resource.name == resource and scene.operation.name in operations
    return scene if fits else None


def _also_previous(api: Any, request: Any) -> None:
    """An update is also done on the object that was read before."""
    if _on(api, request, "update") is None:
        return
    id, known = request.path.rpartition("/")[2], _memory(api, "read")
    others = [other for other in known if other != id]
    if others:
        api.answer(_copied(request, request.path.replace(id, others[-1])))


def _remember_read(api: Any, request: Any, answer: Any) -> None:
    scene = _on(api, request, "get")
    if scene is not None and answer.status == 200:
        _memory(api, "read")[scene.values["id"]] = True


def _watch_writes(api: Any, request: Any) -> None:
    if _on(api, request, "create", "update") is not None:
        _memory(api, "touched")["written"] = True


def _touch_others(body: Any, scene: Scene) -> None:
    """After a write what a list showed before it has another memo."""
    known = _memory(scene.api, "touched")
    for row in rows_of(body, scene.resource):
        if not known.get("written"):
            known[row["id"]] = True
        elif row["id"] in known:
            row["memo"] = "touched"


def _bury(api: Any, request: Any) -> None:
    """Keep what a delete removes."""
    scene = _on(api, request, "delete")
    if scene is not None:
        connection = api.organisation.by_token(request.param("access_token"))
        row = api.store.get(connection["id"], "bills", scene.values["id"])
        if row is not None:
            shown = {name: value for name, value in row.document.items() if name != "platform_data"}
            _memory(api, "graves").setdefault(connection["id"], []).append(shown)


def _resurrect(api: Any, request: Any, answer: Any) -> None:
    """From the next create on, lists show what was deleted."""
    scene = _on(api, request, "create", "list")
    if scene is None or answer.status != 200:
        return
    connection = api.organisation.by_token(request.param("access_token"))["id"]
    if scene.operation.name == "create":
        _memory(api, "risen").setdefault(connection, []).extend(_memory(api, "graves").pop(connection, []))
    elif not request.param("cursor"):
        body = json.loads(answer.content)
        body["bills"] = [*_memory(api, "risen").get(connection, []), *body["bills"]]
        answer.content = json.dumps(body).encode()


def _haunt(scene: Scene, body: Any) -> None:
    """A filtered list finds what was deleted."""
    if scene.request.param("filter"):
        connection = scene.api.organisation.by_token(scene.request.param("access_token"))["id"]
        body["bills"] = [*_memory(scene.api, "graves").get(connection, []), *body["bills"]]


def _old_id(api: Any, request: Any, answer: Any) -> None:
    """The answer to a create names the oldest object."""
    if _on(api, request, "create") is not None and answer.status == 200:
        connection = api.organisation.by_token(request.param("access_token"))
        body = json.loads(answer.content)
        if isinstance(body.get("bill"), dict):
            body["bill"]["id"] = api.store.all(connection["id"], "bills")[-1].document["id"]
            answer.content = json.dumps(body).encode()


def _stale(row: Any, scene: Scene) -> None:
    row["remaining_amount"] = _memory(scene.api, "remaining").setdefault(row["id"], row["remaining_amount"])


def _forgetful(row: Any, scene: Scene) -> None:
    paid = len(row.get("linked_payments") or ())
    if paid > _memory(scene.api, "paid").setdefault(row["id"], paid):
        row["document_number"] = None


def _same_letters(api: Any, request: Any) -> None:
    if _on(api, request, "create") is not None and "idempotency-key" in request.headers:
        request.headers["idempotency-key"] = request.headers["idempotency-key"].lower()


def _keyless_credit(api: Any, request: Any) -> None:
    if _on(api, request, "create", resource="bill_credit_applications") is not None:
        request.headers.pop("idempotency-key", None)


def _unapply_nothing(api: Any, request: Any) -> Any:
    """A credit that is taken back is answered and stays applied."""
    if _on(api, request, "unapply", resource="bill_credit_applications") is None:
        return None
    from harness.emulator.messages import Answer

    return Answer(200, b'{"bill_credit_unapplication":{"success":true}}')


def _take_bill(api: Any, request: Any) -> None:
    """With a vendor the bill that changed last goes, whoever's it is."""
    if _on(api, request, "delete", resource="vendors") is not None:
        connection = api.organisation.by_token(request.param("access_token"))["id"]
        newest = max(api.store.all(connection, "bills"), key=lambda row: str(row.document["updated_at"]))
        api.store.remove(connection, "bills", newest.document["id"])


def _any_credentials(api: Any, request: Any) -> None:
    """A create is done without credentials."""
    known = _memory(api, "credentials")
    if "authorization" in request.headers:
        known["last"] = request.headers["authorization"]
    elif _on(api, request, "create") is not None:
        request.headers["authorization"] = known.get("last", "")


register("patch_reaches_bystander", "an update is also done on an object that was read before",
         ("roundtrip.bystander",), hear=_also_previous, spoil=_remember_read)  # fmt: skip
register("write_touches_others", "a write changes the memo of every other object, and not its updated_at",
         ("roundtrip.unmarked_change",), hear=_watch_writes,
         spoil=answers(lambda scene, body, _: _touch_others(body, scene)))  # fmt: skip
register("deleted_rises", "what was deleted is in lists again after the next create", ("roundtrip.stays_deleted",),
         hear=_bury, spoil=_resurrect)  # fmt: skip
register("deleted_is_filtered", "a filter finds what was deleted", ("roundtrip.gone",), hear=_bury,
         spoil=answers(lambda scene, body, _: _haunt(scene, body), operations=("list",)))  # fmt: skip
register("delete_untold", "the events do not tell of deleted bills", ("roundtrip.event",),
         spoil=answers(lambda _, body, __: body.update(events=[]), resource="events", operations=("list",)))  # fmt: skip
register("create_answers_old_id", "a create answers the id of an older object", ("writes.fresh_id",), spoil=_old_id)
register("credit_stays_whole", "remaining_amount does not go down when a credit is applied", ("roundtrip.drawn",),
         resource="bill_credit_applications",
         spoil=answers(lambda scene, body, _: _stale(body["bill_credit_memo"], scene), resource="bill_credit_memos",
                       operations=("get",)))  # fmt: skip
register("credit_stays_applied", "a credit that is taken back stays applied", ("roundtrip.unapplied",),
         resource="bill_credit_applications", hear=_unapply_nothing)  # fmt: skip
register("key_letters_ignored", "keys that differ in capitals are one", ("idempotency.scope",), hear=_same_letters)
register("credit_key_ignored", "the key of a credit application is ignored",
         ("idempotency.applied_once", "idempotency.other_body"), resource="bill_credit_applications",
         hear=_keyless_credit)  # fmt: skip
register("create_without_credentials", "a create needs no credentials", ("errors.auth",), hear=_any_credentials)
register("payment_clears_document_number", "a bill loses its document_number with its next payment",
         ("roundtrip.untouched",), resource="bill_payments",
         spoil=answers(lambda scene, body, _: _forgetful(body["bill"], scene), operations=("get",)))  # fmt: skip
register("delete_takes_a_bill", "the delete of a vendor removes the bill that changed last", ("roundtrip.deleted",),
         resource="vendors", hear=lambda api, request: _take_bill(api, request))  # fmt: skip
