"""Defects of files that are attached to documents."""

import json
from typing import Any

from harness.emulator.defects.registry import register
from harness.emulator.defects.scene import Scene, answers, look

TOLD = ("create_attachment", "list_attachments", "get_attachment")


def _rows(body: Any) -> list[dict[str, Any]]:
    return body["attachments"] if "attachments" in body else [body["attachment"]]


def _plain_names(_scene: Scene, body: Any, _answer: Any) -> None:
    for row in _rows(body):
        row["file_name"] = row["file_name"].replace(" ", "_")


def _other_owner(_scene: Scene, body: Any, _answer: Any) -> None:
    for row in _rows(body):
        row["attached_to_id"] = row["id"]


def _everything(api: Any, request: Any, answer: Any) -> None:
    """A list of attachments shows those of every document that had one."""
    scene = look(api, request)
    if scene is None or answer.status != 200 or scene.operation.name not in TOLD[:2]:
        return
    known = api.__dict__.setdefault("defect_attachments", [])
    body = json.loads(answer.content)
    if scene.operation.name == "create_attachment":
        known.append(body["attachment"])
    else:
        answer.content = json.dumps({**body, "attachments": known}).encode()


def _as_text(api: Any, request: Any, answer: Any) -> None:
    scene = look(api, request)
    if scene is not None and scene.operation.name == "download_attachment" and answer.status == 200:
        answer.content = answer.content.decode("utf-8", "replace").encode()


register("attachment_as_text", "files are handed out as if they were text", ("roundtrip.attachment_content",),
         spoil=_as_text)  # fmt: skip
register("attachment_renamed", "blanks in the names of files become underscores", ("roundtrip.attachment",),
         spoil=answers(_plain_names, operations=TOLD))  # fmt: skip
register("attachment_of_another", "attached_to_id names another object", ("roundtrip.attachment",),
         spoil=answers(_other_owner, operations=TOLD))  # fmt: skip
register("attachment_unlisted", "a list of attachments is empty", ("roundtrip.attachment",),
         spoil=answers(lambda _, body, __: body.update(attachments=[]), operations=TOLD[1:2]))  # fmt: skip
register("attachments_of_all", "a list of attachments holds those of every document", ("roundtrip.attachment_scope",),
         spoil=_everything)  # fmt: skip
register("pdf_without_link", "the question for the PDF of an invoice is answered null", ("queries.pdf",),
         resource="invoices", spoil=lambda api, request, answer: _no_pdf(api, request, answer))  # fmt: skip


def _no_pdf(api: Any, request: Any, answer: Any) -> None:
    scene = look(api, request)
    if scene is not None and scene.operation.name == "get_pdf" and answer.status == 200:
        answer.content = b"null"
