"""`multipart/form-data`, as uploads send it. The contract says JSON, its example says multipart: both are taken."""

import base64
import re
from dataclasses import dataclass
from typing import Any

from harness.emulator.errors import invalid_request
from harness.emulator.messages import Incoming
from harness.emulator.validity import json_body

NAME = re.compile(rb'[;\s]name="?([^";\r\n]*)"?', re.IGNORECASE)
FILE_NAME = re.compile(rb'[;\s]filename="?([^";\r\n]*)"?', re.IGNORECASE)
BOUNDARY = re.compile(r'boundary="?([^";,]+)"?', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """One field of a form; `file_name` is None for a plain field."""

    content: bytes
    file_name: str | None


def is_multipart(request: Incoming) -> bool:
    """Whether the request says that its body is a form."""
    return request.headers.get("content-type", "").lower().startswith("multipart/form-data")


def parts_of(request: Incoming) -> dict[str, Part]:
    """The fields of a form by name, the last one of a name wins; ApiError 400 when there is no boundary."""
    found = BOUNDARY.search(request.headers.get("content-type", ""))
    if found is None:
        raise invalid_request("The multipart body has no boundary.")
    mark = b"--" + found[1].encode("latin-1", "replace")
    parts: dict[str, Part] = {}
    for piece in (b"\r\n" + request.body).split(b"\r\n" + mark)[1:]:
        head, gap, content = piece.partition(b"\r\n\r\n")
        name = NAME.search(head)
        if gap and name is not None:
            own = FILE_NAME.search(head)
            parts[name[1].decode("utf-8", "replace")] = Part(
                content, own[1].decode("utf-8", "replace") if own else None
            )
    return parts


def content_of(request: Incoming) -> Any:
    """The body as data that two equal requests share: a form's boundary is random, its parts are not."""
    if not is_multipart(request):
        return json_body(request.body)
    return {name: base64.b64encode(part.content).decode() for name, part in parts_of(request).items()}
