"""Defects of access, errors, headers and configuration."""

import base64
import json
from typing import Any

from harness.emulator.defects.registry import register
from harness.emulator.defects.scene import answers, look

BASICS = "authorization"


def _let_in(api: Any, request: Any) -> None:
    """Any credentials are the right ones."""
    credentials = api.organisation.credentials
    pair = f"{credentials.client_id}:{credentials.client_secret.reveal()}"
    request.headers[BASICS] = "Basic " + base64.b64encode(pair.encode()).decode()


def _secret_is_right(api: Any, request: Any) -> bool:
    pair = base64.b64decode(request.headers.get(BASICS, "").removeprefix("Basic ")).decode("utf-8", "replace")
    return bool(pair.partition(":")[2] == api.organisation.credentials.client_secret.reveal())


def _is_get(api: Any, request: Any) -> bool:
    scene = look(api, request)
    return scene is not None and scene.operation.name == "get"


def _first_token(api: Any, request: Any) -> None:
    """An unknown access token is that of the first connection."""
    tokens = [item["access_token"] for item in api.organisation.connections.values()]
    if request.param("access_token") not in {*tokens, None}:
        request.query = [(name, tokens[0] if name == "access_token" else value) for name, value in request.query]


def _any_tenant(api: Any, request: Any) -> None:
    """Objects are found whichever connection they belong to."""
    scene = look(api, request)
    if scene is None or "id" not in scene.values or scene.operation.name not in {"get", "update"}:
        return
    for id, item in api.organisation.connections.items():
        if api.store.get(id, scene.resource.name, scene.values["id"]) is not None:
            request.query = [(name, item["access_token"] if name == "access_token" else value)
                             for name, value in request.query]  # fmt: skip
            return


def _status(before: tuple[int, ...], after: int, code: str | None = None) -> Any:
    def spoil(_api: Any, _request: Any, answer: Any) -> None:
        if answer.status in before:
            answer.status = after
            if code is not None:
                body = json.loads(answer.content)
                body["error_code"] = code
                answer.content = json.dumps(body).encode()

    return spoil


def _errors(change: Any) -> Any:
    """Change the body of errors."""

    def spoil(_api: Any, _request: Any, answer: Any) -> None:
        if answer.status >= 400:
            body = json.loads(answer.content)
            answer.content = json.dumps(change(body)).encode()

    return spoil


def _head(name: str, value: str | None) -> Any:
    def spoil(_api: Any, _request: Any, answer: Any) -> None:
        answer.headers.pop(name, None)
        if value is not None:
            answer.headers[name] = value

    return spoil


register("any_secret", "any client secret is right", ("errors.auth",), hear=_let_in)
register("any_client", "any client id is right when the secret is", ("errors.auth",), resource="api",
         hear=lambda api, request: _let_in(api, request) if _secret_is_right(api, request) else None)  # fmt: skip
register("single_without_credentials", "single objects are given to anybody", ("errors.auth",),
         hear=lambda api, request: _let_in(api, request) if _is_get(api, request) else None)  # fmt: skip
register("configuration_without_credentials", "the configuration is given to anybody", ("errors.auth",), resource="api",
         hear=lambda api, request: _let_in(api, request) if request.path.startswith("/configs") else None)  # fmt: skip
register("byte_order_mark", "bodies begin with a byte order mark", ("hygiene.json",),
         spoil=lambda _, __, answer: setattr(answer, "content", b"\xef\xbb\xbf" + answer.content))  # fmt: skip
register("any_token", "an unknown access token is that of another connection", ("errors.auth",), hear=_first_token)
register("auth_other_code", "wrong credentials have another error_code", ("errors.auth",),
         spoil=_status((401,), 401, "UNAUTHORIZED"))  # fmt: skip
register("auth_is_403", "wrong credentials are a 403", ("errors.auth",), spoil=_status((401,), 403))
register("tenants_leak", "objects can be read with any connection's token", ("errors.isolation", "errors.write_isolation"),
         hear=_any_tenant)  # fmt: skip
register("version_optional", "a request without a version is taken", ("errors.missing",),
         hear=lambda _, request: request.headers.__setitem__("x-rutter-version", "2024-08-31"))  # fmt: skip
register("unknown_id_is_empty", "an unknown id is a 200 with null", ("errors.not_found", "roundtrip.deleted"),
         spoil=lambda _, __, answer: _empty(answer))  # fmt: skip
register("unknown_id_is_500", "an unknown id is a 500", ("errors.not_found", "hygiene.server_error"),
         spoil=_status((404, 410), 500))  # fmt: skip
register("unsupported_is_empty", "an unsupported list is empty instead of 404", ("errors.unsupported",),
         spoil=lambda api, request, answer: _empty_list(api, request, answer))  # fmt: skip
register(
    "error_nested", "errors come under error", ("hygiene.error_body",), spoil=_errors(lambda body: {"error": body})
)
register("error_without_code", "errors have no error_code", ("hygiene.error_body",),
         spoil=_errors(lambda body: {name: value for name, value in body.items() if name != "error_code"}))  # fmt: skip
register("error_in_html", "errors are HTML pages", ("hygiene.json",), spoil=lambda _, __, answer: _page(answer))
register("content_type_wrong", "JSON is called text/html", ("hygiene.json",), spoil=_head("content-type", "text/html"))
register("request_id_missing", "responses have no request id", ("hygiene.request_id",),
         spoil=_head("x-rutter-request-id", None))  # fmt: skip
register("request_id_constant", "all responses share a request id", ("hygiene.request_id_unique",),
         spoil=_head("x-rutter-request-id", "00000000-0000-4000-8000-0000000000ff"))  # fmt: skip
register("status_418", "a refused write is a 418", ("hygiene.status", "writes.refused"), spoil=_status((400, 450), 418))
register("webhook_event_missing", "INITIAL_UPDATE is not sent", ("config.essential_events",), resource="api",
         spoil=answers(lambda _, body, __: [item.update(allow_list={"allowedTypes": ["CONNECTION_UPDATED"]}) for item in body],
                       resource="webhook_configs", operations=("list",)))  # fmt: skip
register("webhook_disabled", "the webhook endpoint is disabled", ("config.endpoint", "config.essential_events"), resource="api",
         spoil=answers(lambda _, body, __: [item.update(disabled=True) for item in body], resource="webhook_configs",
                       operations=("list",)))  # fmt: skip
register("sync_in_one_batch", "the initial sync is one batch", ("config.sync_batches",), resource="api",
         spoil=answers(lambda _, body, __: body["initialSync"].update(batches=body["initialSync"]["batches"][:1]),
                       resource="platform_sync_configs", operations=("get",)))  # fmt: skip
register("connection_unhealthy", "the connection is not healthy", ("config.health",), resource="api",
         spoil=answers(lambda _, body, __: body["status"].update(is_healthy=False), resource=None,
                       operations=("get_status",)))  # fmt: skip
register("connection_hidden", "the connection is not in the list", ("config.listed",), resource="api",
         spoil=lambda _, request, answer: _hide(request, answer))  # fmt: skip


def _empty(answer: Any) -> None:
    if answer.status in {404, 410}:
        answer.status = 200
        answer.content = b'{"bill":null}'


def _empty_list(api: Any, request: Any, answer: Any) -> None:
    scene = look(api, request)
    if scene is not None and scene.operation.name == "list" and answer.status == 404:
        answer.status = 200
        answer.content = json.dumps({scene.resource.list_key: [], "next_cursor": None}).encode()


def _page(answer: Any) -> None:
    if answer.status >= 400:
        answer.content = b"<html><body>Error</body></html>"
        answer.headers["content-type"] = "text/html"


def _hide(request: Any, answer: Any) -> None:
    if request.path == "/connections" and answer.status == 200:
        body = json.loads(answer.content)
        body["connections"] = [item for item in body["connections"] if item["platform"] != "QUICKBOOKS"]
        answer.content = json.dumps(body).encode()
