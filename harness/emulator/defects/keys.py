"""Defects of idempotency keys and of jobs."""

import json
from typing import Any

from harness.emulator.defects.registry import register
from harness.emulator.defects.scene import answers, look


def _header_gone(methods: tuple[str, ...], resource: str = "bills") -> Any:
    def hear(api: Any, request: Any) -> None:
        scene = look(api, request)
        if scene is not None and scene.resource.name == resource and request.method in methods:
            request.headers.pop("idempotency-key", None)

    return hear


def _job(change: Any) -> Any:
    """Change the body of `GET /jobs/{id}`."""
    return answers(lambda _, body, answer: change(body, answer), resource="jobs", operations=("get",))


def _asynchronous(change: Any) -> Any:
    """Change an `async_response`."""
    return answers(lambda _, body, __: change(body["async_response"]) if "async_response" in body else None,
                   operations=("create", "update", "delete"))  # fmt: skip


register("key_ignored", "the idempotency key of a create is ignored",
         ("idempotency.counted", "idempotency.replay", "idempotency.other_body"),
         hear=_header_gone(("POST",)))  # fmt: skip
register("key_ignored_on_update", "the idempotency key of an update is ignored",
         ("idempotency.other_body", "idempotency.replay"), hear=_header_gone(("PATCH",)))  # fmt: skip
register("key_answers_any_body", "a used key answers another body with the first result", ("idempotency.other_body",),
         hear=lambda api, request: _same_body(api, request))  # fmt: skip
register("stored_error_forgotten", "a refused write is tried again under its key", ("idempotency.stored_error",),
         hear=lambda api, request: _forget(api, request))  # fmt: skip
register("rejected_key_bound", "a rejected request binds its key", ("idempotency.rejected",),
         hear=lambda api, request: _bound(api, request), spoil=lambda api, request, answer: _bind(api, request, answer))  # fmt: skip
register("async_ignored", "response_mode async is answered at once", ("jobs.shape",),
         hear=lambda api, request: _at_once(api, request))  # fmt: skip
register("async_without_url", "async_response has no response_url", ("jobs.shape",),
         spoil=_asynchronous(lambda told: told.pop("response_url", None)))  # fmt: skip
register("async_unknown_status", "async_response has a status of its own", ("jobs.shape",),
         spoil=_asynchronous(lambda told: told.update(status="queued")))  # fmt: skip
register("job_wrapped", "a job comes under job", ("jobs.end",),
         spoil=_job(lambda body, _: _wrap(body)))  # fmt: skip
register(
    "job_lost", "a job cannot be read", ("jobs.end",), spoil=_job(lambda _, answer: setattr(answer, "status", 404))
)
register("job_runs_again", "a job that told its end is pending at the next look", ("jobs.settled",),
         spoil=answers(lambda scene, body, _: _again(scene, body), resource="jobs", operations=("get",)))  # fmt: skip
register("job_shows_what_was", "the job of an update holds the object as it was before", ("writes.echo",),
         hear=lambda api, request: _remember(api, request),
         spoil=answers(lambda scene, body, _: _before(scene, body), resource="jobs", operations=("get",)))  # fmt: skip
register("asynchronous_update_resets", "an asynchronous update clears the memo that it does not send",
         ("roundtrip.untouched",), hear=lambda api, request: _cleared(api, request))  # fmt: skip
register("job_without_body", "a finished job has no body", ("jobs.end",),
         spoil=_job(lambda body, _: (body.get("response") or {}).pop("body", None)))  # fmt: skip
register("job_failure_is_success", "a failed job says success", ("jobs.end",),
         spoil=_job(lambda body, _: body.update(status="success") if body.get("status") == "failure" else None))  # fmt: skip
register("job_forgets_request", "a job does not tell its request", ("jobs.request",),
         spoil=_job(lambda body, _: body.pop("request", None)))  # fmt: skip
register("job_never_ran", "an asynchronous create is not done", ("roundtrip.found",),
         spoil=_job(lambda body, _: _other_id(body)))  # fmt: skip
register("async_done_twice", "an asynchronous create is carried out twice", ("jobs.once",),
         hear=lambda api, request: _twice(api, request))  # fmt: skip
register("default_mode_refused", "response_mode prefer_sync is refused", ("roundtrip.prefer_sync",),
         hear=lambda api, request: _no_mode(api, request))  # fmt: skip


def _again(scene: Any, body: Any) -> None:
    """Pending once, after the first look that told an end."""
    looks = scene.api.__dict__.setdefault("defect_looks", {})
    if body.get("response"):
        looks[scene.request.path] = looks.get(scene.request.path, 0) + 1
        if looks[scene.request.path] == 2:
            body.pop("response")
            body["status"] = "pending"


def _asynchronous_update(api: Any, request: Any) -> Any:
    """The scene of an asynchronous PATCH of a bill; None for any other request."""
    scene = look(api, request)
    fits = scene is not None and scene.resource.name == "bills" and scene.operation.name == "update"
    return scene if fits and b'"async"' in request.body else None


def _remember(api: Any, request: Any) -> None:
    """The bill as it is before an asynchronous update."""
    scene = _asynchronous_update(api, request)
    if scene is not None:
        connection = api.organisation.by_token(request.param("access_token"))
        rows = api.store.all(connection["id"], "bills")
        id = scene.values["id"]
        known = next((dict(row.document) for row in rows if row.document["id"] == id), None)
        api.__dict__.setdefault("defect_before", {})[id] = known


def _before(scene: Any, body: Any) -> None:
    known = scene.api.__dict__.get("defect_before", {})
    done = (body.get("response") or {}).get("body") or {}
    id = str((body.get("request") or {}).get("url", "")).partition("?")[0].rpartition("/")[2]
    if isinstance(done.get("bill"), dict) and known.get(id) is not None:
        done["bill"] = {name: known[id].get(name) for name in done["bill"]}


def _cleared(api: Any, request: Any) -> None:
    if _asynchronous_update(api, request) is not None:
        body = json.loads(request.body)
        body["bill"].setdefault("memo", "")
        request.body = json.dumps(body).encode()


def _twice(api: Any, request: Any) -> None:
    """Before the first asynchronous create under a key, one without a key."""
    scene, key = look(api, request), request.headers.get("idempotency-key")
    if scene is None or scene.resource.name != "bills" or scene.operation.name != "create":
        return
    known = api.__dict__.setdefault("defect_twice", set())
    if b'"async"' in request.body and key not in known:
        known.add(key)
        headers = {name: value for name, value in request.headers.items() if name != "idempotency-key"}
        body = request.body.replace(b'"async"', b'"prefer_sync"')
        api.answer(type(request)(request.method, request.path, list(request.query), headers, body, request.url))


def _no_mode(api: Any, request: Any) -> Any:
    from harness.emulator.messages import Answer

    scene = look(api, request)
    if scene is None or scene.resource.name != "bills" or b'"prefer_sync"' not in request.body:
        return None
    return Answer(400, b'{"error_type":"API_REQUEST_ERROR","error_code":"INVALID_REQUEST","error_message":"no mode"}')


def _same_body(api: Any, request: Any) -> None:
    key = request.headers.get("idempotency-key")
    if key is not None and request.method in {"POST", "PATCH"}:
        bodies = api.__dict__.setdefault("defect_bodies", {})
        if key in bodies:
            request.body = bodies[key]
        elif _valid(request):
            bodies[key] = request.body


def _valid(request: Any) -> bool:
    """Whether a bill has what every platform needs: a rejected request leaves its key free."""
    try:
        body = json.loads(request.body)
    except ValueError:
        return False
    inner = body.get("bill") if isinstance(body, dict) else None
    return isinstance(inner, dict) and (request.method == "PATCH" or {"vendor_id", "issue_date"} <= set(inner))


def _forget(api: Any, request: Any) -> None:
    """A key whose stored result is an error is a new one."""
    key = request.headers.get("idempotency-key")
    if key:
        with api.store.transaction():
            api.writer.jobs.forget_failed(key)


def _bound(api: Any, request: Any) -> Any:
    from harness.emulator.messages import Answer

    key = request.headers.get("idempotency-key")
    content = api.__dict__.get("defect_rejected", {}).get(key)
    return Answer(400, content) if key and content else None


def _bind(api: Any, request: Any, answer: Any) -> None:
    key = request.headers.get("idempotency-key")
    if key and answer.status == 400:
        api.__dict__.setdefault("defect_rejected", {})[key] = answer.content


def _at_once(api: Any, request: Any) -> None:
    scene = look(api, request)
    if scene is not None and scene.resource.name == "bills" and request.method != "GET":
        request.body = request.body.replace(b'"async"', b'"prefer_sync"')


def _wrap(body: Any) -> None:
    inner = dict(body)
    body.clear()
    body["job"] = inner


def _other_id(body: Any) -> None:
    made = ((body.get("response") or {}).get("body") or {}).get("bill")
    if isinstance(made, dict):
        made["id"] = "00000000-0000-4000-8000-000000000003"
