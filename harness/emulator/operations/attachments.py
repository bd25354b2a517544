"""Files attached to documents: uploaded as forms, listed, told of, and downloaded by their platform id."""

import base64
import mimetypes
from typing import Any

from harness.emulator.errors import invalid_request, unknown_id
from harness.emulator.messages import Answer, Json
from harness.emulator.multipart import is_multipart, parts_of
from harness.emulator.operations.registry import Call, Document, reads, writes
from harness.emulator.validity import checked_mode
from harness.emulator.writing import Act

OWNERS = ("bank_deposits", "bank_transfers", "bills", "expenses", "invoices", "journal_entries")
TOLD = ("bank_deposits", "bank_transfers", "expenses", "invoices", "journal_entries")
"""Resources with a path for one attachment by its id. Source: [S24]."""
STORED = "attachment"
FILES = "attachment_file"
LARGEST_FILE = 6 * 1024 * 1024
"""Bytes. UNKNOWN: no limit is documented."""
UPLOAD = "multipart or JSON, fields file and file_name, both required [S23][S24]; the size limit is inferred"
DOWNLOAD = "attachmentId is the platform id [S23]; the bytes and their media type are inferred"


def _create(call: Call) -> Act:
    owner = call.find(call.resource.name, call.values["id"], call.resource.entity)
    name, content = _upload(call)
    if len(content) > LARGEST_FILE:
        raise invalid_request(f"The file is larger than {LARGEST_FILE} bytes.", field="file")

    def act() -> Any:
        id = call.api.ids()
        platform_id = str(int(id[:8], 16))
        made = {
            "id": id,
            "platform_id": platform_id,
            "attached_to_id": owner["id"],
            "file_name": name,
            "file_url": f"https://example.com/files/{platform_id}",
            "attached_to_type": call.resource.entity,
            "created_at": "" if call.platform == "XERO" and call.api.settings.xero_attachment_date == "empty"
            else call.moment,
        }  # fmt: skip
        call.keep(STORED, made)
        call.keep(FILES, {"id": id, "content": base64.b64encode(content).decode()})
        return {"attachment": made}

    return act


def _upload(call: Call) -> tuple[str, bytes]:
    """(file name, content) of a form or of a JSON body."""
    if not is_multipart(call.request):
        body = call.sent()
        return body["file_name"], body["file"].encode()
    parts = parts_of(call.request)
    for field in ("file", "file_name"):
        if field not in parts:
            raise invalid_request(f"{field} is required.", field=field)
    if "response_mode" in parts:
        checked_mode({"response_mode": parts["response_mode"].content.decode("utf-8", "replace")})
    return parts["file_name"].content.decode("utf-8", "replace"), parts["file"].content


def _of(call: Call) -> list[Document]:
    owner = call.find(call.resource.name, call.values["id"], call.resource.entity)
    return [row for row in call.things(STORED) if row["attached_to_id"] == owner["id"]]


def _list(call: Call) -> Json:
    return Json({"attachments": _of(call)})


def _get(call: Call) -> Json:
    found = call.thing(STORED, call.values["id"])
    if found["attached_to_type"] != call.resource.entity:
        raise unknown_id(call.api.settings, "attachment")
    return Json({"attachment": found})


def _download(call: Call) -> Answer:
    wanted = call.values["attachmentId"]
    for row in _of(call):
        if row["platform_id"] == wanted:
            content = base64.b64decode(call.thing(FILES, row["id"])["content"])
            kind = mimetypes.guess_type(row["file_name"])[0] or "application/octet-stream"
            return Answer(200, content, {"content-type": kind})
    raise unknown_id(call.api.settings, "attachment")


for _name in OWNERS:
    writes(_name, "create_attachment", fidelity="documentation", about=UPLOAD, sealed=True)(_create)
    reads(_name, "list_attachments", fidelity="documentation", about="only those made here [D:bill-attachments]")(_list)
    reads(_name, "download_attachment", fidelity="documentation", about=DOWNLOAD)(_download)
for _name in TOLD:
    reads(_name, "get_attachment", fidelity="specification", about="the shape alone is known [S24]")(_get)
