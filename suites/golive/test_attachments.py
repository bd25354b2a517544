"""Files attached to documents, as an accounts payable team attaches the paper of a bill."""

import random
import struct
import zlib

import pytest

from harness.checks.attachments import Attached, Downloaded, Sight, Strangers
from harness.checks.errors import Failing

SIDE = 12
"""Pixels: half a kilobyte of a picture that cannot be compressed."""
PAGE_SIDE = 152
"""Pixels: 68 KB, as a scanned page has, and more than one buffer of 64 KiB."""


@pytest.mark.case("roundtrip.attachment")
def test_files_are_attached_and_read_back(proof, judge, drive, case):
    """Two files of one document and one of another: each is told of as it was sent, listed with its own document only,
    and downloaded byte for byte."""
    owner, other = (drive.create(proof.name, drive.minimal_input()) for _ in range(2))
    if owner.id is None or other.id is None:
        drive.inconclusive(f"there is nothing to attach a file to: the create is answered {owner.status}")
    files = [(owner.id, f"golive {drive.uuid()}.png", _picture(number)) for number in range(2)]
    files.append(
        (other.id, f"golive {drive.uuid()}.png", _picture(len(files), PAGE_SIDE if proof.name == "bills" else SIDE))
    )
    uploads = [drive.upload(proof.name, *file) for file in files]
    if (
        all(write.status == 404 for write in uploads)
        and proof.described.support("create_attachment").source != "2023-03-14"
    ):
        why = f"to attach a file to {proof.name} on {case.platform}, which may not support it,"
        judge(Failing(*proof.base, uploads[0].evidence, why, frozenset({404}), frozenset()), "errors.unsupported")
        return
    lists = {id: _list(drive, proof, id) for id in (owner.id, other.id)}
    for (id, name, content), write in zip(files, uploads, strict=True):
        answer, listed = lists[id]
        made = _part(write.body, "attachment")
        sights = [Sight("the answer to its upload", made, write.evidence.id)]
        sights.append(Sight("the list of its document", listed.get(name), answer.id))
        if write.ok and made is not None and proof.described.has("get_attachment"):
            found = drive.send("GET", proof.described.operations["get_attachment"].url_path(id=str(made.get("id"))),
                               resource=proof.name, operation="get_attachment")  # fmt: skip
            sights.append(Sight("the answer to its id", _part(found.body, "attachment"), found.id))
        judge(Attached(*proof.base, drive.contract, id, proof.described.entity, name, write.status, tuple(sights)),
              "roundtrip.attachment")  # fmt: skip
        if made is not None:
            _download(proof, judge, drive, id, made, content)
    for id, (answer, listed) in lists.items():
        others = frozenset(name for owner_id, name, _ in files if owner_id != id)
        judge(Strangers(*proof.base, tuple(listed), others, (answer.id,)), "roundtrip.attachment_scope")


def _download(proof, judge, drive, id, made, content):
    path = proof.described.operations["download_attachment"].url_path(id=id, attachmentId=str(made.get("platform_id")))
    got = drive.send("GET", path, headers={"Accept": "*/*"}, resource=proof.name, operation="download_attachment")
    subject = Downloaded(*proof.base, got.status, drive.content(got), isinstance(got.body, dict), content, (got.id,))
    judge(subject, "roundtrip.attachment_content")


def _list(drive, proof, id):
    """(The answer, its attachments by file name)."""
    answer = drive.send("GET", proof.described.operations["list_attachments"].url_path(id=id), resource=proof.name,
                        operation="list_attachments")  # fmt: skip
    rows = answer.body.get("attachments") if answer.ok else None
    kept = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return answer, {row.get("file_name"): row for row in kept}


def _part(body, key):
    found = body.get(key) if isinstance(body, dict) else None
    return found if isinstance(found, dict) else None


def _picture(seed, side=SIDE):
    """A PNG of noise: its first bytes are there to give away whoever takes a file for text."""
    noise = random.Random(seed)  # noqa: S311 - a picture, no secret
    rows = b"".join(b"\0" + noise.randbytes(3 * side) for _ in range(side))
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
