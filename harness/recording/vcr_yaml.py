"""Standard vcrpy YAML: what other tools can read of a cassette, and what they recorded before."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from vcr.request import Request
from vcr.serialize import deserialize, serialize
from vcr.serializers import yamlserializer

from harness.core import Redactor
from harness.errors import StorageError
from harness.recording.interaction import Answered, Interaction, answered, asked, with_base

GROUP = "vcr:imported"
CHAPTER = "imported"


def to_yaml(interactions: Iterable[Interaction], base_url: str) -> str:
    """The interactions as vcrpy writes them. A request without an answer has no place there and is left out."""
    requests, responses = [], []
    for item in interactions:
        if item.answered.status is None:
            continue
        requests.append(_request(item, base_url))
        responses.append(_response(item.answered, base_url))
    text: str = serialize({"requests": requests, "responses": responses}, yamlserializer)
    return text


def from_yaml(path: Path, redactor: Redactor, base_url: str) -> list[Interaction]:
    """The interactions of a vcrpy cassette, redacted. StorageError when it is none."""
    try:
        requests, responses = deserialize(path.read_text("utf-8"), yamlserializer)
    except OSError as error:
        raise StorageError(f"{path}: cannot read: {error.strerror or error}") from error
    except (yaml.YAMLError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StorageError(f"{path}: not a vcrpy cassette: {error}") from error
    return [
        Interaction(GROUP, CHAPTER, *_both(redactor, base_url, request, response))
        for request, response in zip(requests, responses, strict=True)
    ]


def _both(redactor: Redactor, base_url: str, request: Any, response: dict[str, Any]) -> tuple[Any, Answered]:
    body = request.body or b""
    sent = asked(redactor, base_url, request.method, request.uri, tuple(request.headers.items()), _bytes(body))
    headers = tuple((name, value) for name, values in response["headers"].items() for value in _list(values))
    content = _bytes(response["body"].get("string") or b"")
    return sent, answered(redactor, base_url, response["status"]["code"], headers, content)


def _request(item: Interaction, base_url: str) -> Any:
    body = item.asked.body
    content = None if body is None else Answered(None, kind="text" if isinstance(body, str) else "json", body=body)
    uri = base_url + item.asked.uri
    return Request(item.asked.method, uri, content.content() if content else None, item.asked.sent_headers)


def _response(answer: Answered, base_url: str) -> dict[str, Any]:
    content = with_base(answer.content(), base_url)
    headers = {name: [value] for name, value in answer.headers.items()}
    return {"status": {"code": answer.status, "message": ""}, "headers": headers, "body": {"string": content}}


def _bytes(body: Any) -> bytes:
    return body if isinstance(body, bytes) else str(body).encode()


def _list(values: Any) -> list[str]:
    return [str(value) for value in values] if isinstance(values, list) else [str(values)]
