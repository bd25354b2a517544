"""Standard vcrpy cassettes, YAML or JSON: what other tools can read of one, and what they recorded before."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx
import yaml
from vcr.request import Request
from vcr.serialize import deserialize, serialize
from vcr.serializers import jsonserializer, yamlserializer

from harness.core import Redactor
from harness.errors import StorageError, UsageError
from harness.recording.interaction import Answered, Interaction, answered, asked, with_base

GROUP = "vcr:imported"
CHAPTER = "imported"
JSON = ".json"
KEPT = re.compile(rb"\{\{binary:[0-9a-f]{10}\}\}\Z")
"""At the end of a body of which only this is kept; it was exported from a cassette of ours."""

READING = (yaml.YAMLError, ValueError, KeyError, TypeError, AttributeError, httpx.DecodingError)
"""What reading a file raises that is none of vcrpy's."""


def to_vcr(interactions: Iterable[Interaction], base_url: str, *, as_json: bool = False) -> str:
    """The interactions as vcrpy writes them. A request without an answer has no place there and is left out. UsageError
    when a body is no text and the form is JSON."""
    requests, responses = [], []
    for item in interactions:
        if item.answered.status is None:
            continue
        requests.append(_request(item, base_url))
        responses.append(_response(item.answered, base_url))
    data = {"requests": requests, "responses": responses}
    if not as_json:
        text: str = serialize(data, yamlserializer)
        return text
    try:
        text = serialize(data, jsonserializer)
    except (TypeError, UnicodeDecodeError) as error:
        raise UsageError("a body is no text, which vcrpy's JSON cannot hold: name the output .yaml") from error
    return text


def from_vcr(path: Path, redactor: Redactor, base_url: str) -> list[Interaction]:
    """The interactions of a vcrpy cassette, redacted; a file whose name ends with .json is one in JSON. StorageError
    when it is none."""
    form = jsonserializer if path.suffix == JSON else yamlserializer
    try:
        requests, responses, *_ = deserialize(path.read_text("utf-8"), form)
        return [
            Interaction(GROUP, CHAPTER, *_both(redactor, base_url, request, response))
            for request, response in zip(requests, responses, strict=True)
        ]
    except OSError as error:
        raise StorageError(f"{path}: cannot read: {error.strerror or error}") from error
    except READING as error:
        raise StorageError(
            f"{path}: not a vcrpy cassette of version 1, whose interactions each have a request and a response: {error}"
        ) from error


def _both(redactor: Redactor, base_url: str, request: Any, response: dict[str, Any]) -> tuple[Any, Answered]:
    body = request.body or b""
    sent = asked(redactor, base_url, request.method, request.uri, tuple(request.headers.items()), _bytes(body))
    status, raw = response.get("status_code"), response.get("content")
    if status is None:  # else vcrpy before 5 wrote it, of httpx
        status, raw = response["status"]["code"], response["body"].get("string")
    headers = tuple((name, value) for name, values in response["headers"].items() for value in _list(values))
    content = _decoded(headers, _bytes(raw or b""))
    if KEPT.search(content):
        redactor.spare(content)
    return sent, answered(redactor, base_url, status, headers, content)


def _decoded(headers: tuple[tuple[str, str], ...], content: bytes) -> bytes:
    """The body without its content-encoding, which some clients undo before vcrpy keeps it and others do not."""
    try:
        return httpx.Response(200, headers=headers, content=content).content
    except httpx.DecodingError:
        return content


def _request(item: Interaction, base_url: str) -> Any:
    content = item.asked.content()
    uri = base_url + with_base(item.asked.uri.encode(), base_url).decode()
    return Request(item.asked.method, uri, with_base(content, base_url) or None, item.asked.sent_headers)


def _response(answer: Answered, base_url: str) -> dict[str, Any]:
    content = with_base(answer.content(), base_url)
    headers = {
        name: with_base(values.encode(), base_url).decode().split("\n") for name, values in answer.headers.items()
    }
    return {"status": {"code": answer.status, "message": ""}, "headers": headers, "body": {"string": content}}


def _bytes(body: Any) -> bytes:
    return body if isinstance(body, bytes) else str(body).encode()


def _list(values: Any) -> list[str]:
    return [str(value) for value in values] if isinstance(values, list) else [str(values)]
