"""Files of documents: attached ones are told of as they were sent, listed with their own document, downloaded byte for
byte; where the printed document is."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.checks.paths import short
from harness.checks.registry import Observation, Subject, check
from harness.contract import Contract
from harness.core import Severity

SCHEMA = "Attachment"
EMPTY_DATE = frozenset({"XERO"})
"""Where `created_at` may be an empty text. Source: [S24] Attachment.created_at."""


@dataclass(frozen=True, slots=True)
class Sight:
    """Where an attachment was looked for, and what was there; None when it was not there."""

    where: str
    seen: Mapping[str, Any] | None
    evidence: str


@dataclass(frozen=True, slots=True)
class Attached(Subject):
    """A file that was attached to the object `owner` of the kind `entity`, under `file_name`, and how it is shown: the
    answer to the upload first. `status` is that answer's."""

    contract: Contract
    owner: str
    entity: str
    file_name: str
    status: int | None
    sights: tuple[Sight, ...]


@dataclass(frozen=True, slots=True)
class Strangers(Subject):
    """The file names in the list of one object's attachments, and those that were attached to another one alone."""

    listed: tuple[Any, ...]
    others: frozenset[str]
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Downloaded(Subject):
    """What a download answered for a file whose content is `sent`; `is_json`: with a JSON object."""

    status: int | None
    content: bytes
    is_json: bool
    sent: bytes
    evidence: tuple[str, ...]


@check("roundtrip.attachment")
def attachment(subject: Attached) -> Iterator[Observation]:
    """A file that is attached to a document is told of with the name it was sent under and the document it was sent to,
    in the answer, in the document's list and by its id. Source: [S23], [S24] Attachment. That the kind of document is
    not another one of the contract is INFERRED from attached_to_type, whose words nobody has published."""
    if subject.status != 200:
        yield Observation("a file cannot be attached", "200", str(subject.status), None,
                          tuple(sight.evidence for sight in subject.sights[:1]))  # fmt: skip
        return
    first = subject.sights[0].seen or {}
    for sight in subject.sights:
        cited = tuple(dict.fromkeys((subject.sights[0].evidence, sight.evidence)))
        if sight.seen is None:
            yield Observation(f"an attached file is not in {sight.where}", short(subject.file_name), "nothing",
                              "attachments", cited)  # fmt: skip
            continue
        for path, expected, seen in _wrong(subject, sight.seen, first):
            yield Observation(f"{path} of an attachment is wrong in {sight.where}", expected, seen,
                              f"attachments[].{path}", cited)  # fmt: skip


def _wrong(subject: Attached, seen: Mapping[str, Any], first: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """(path, expected, seen) of what is not as it was sent, or leaves the contract."""
    for problem in subject.contract.validator(SCHEMA).problems(dict(seen)):
        path = problem.path or "attachment"
        if not (path == "created_at" and seen.get(path) == "" and subject.platform in EMPTY_DATE):
            yield path, "as the contract says", problem.message
    if seen.get("file_name") != subject.file_name:
        yield "file_name", short(subject.file_name), short(seen.get("file_name"))
    if seen.get("attached_to_id") not in {None, subject.owner}:
        yield "attached_to_id", short(subject.owner), short(seen.get("attached_to_id"))
    kinds = {_letters(resource.entity) for resource in subject.contract.resources.values()}
    kind = _letters(str(seen.get("attached_to_type")))
    if kind != _letters(subject.entity) and kind in kinds:
        yield "attached_to_type", short(subject.entity), short(seen.get("attached_to_type"))
    for name in ("id", "platform_id"):
        if first.get(name) and seen.get(name) != first[name]:
            yield name, short(first[name]), short(seen.get(name))


def _letters(word: str) -> str:
    return "".join(letter for letter in word.lower() if letter.isalpha())


@check("roundtrip.attachment_scope")
def scope(subject: Strangers) -> Iterator[Observation]:
    """The list of an object's attachments holds no file that was attached to another object. Source: [S24] paths of the
    lists."""
    for name in sorted(subject.others.intersection(name for name in subject.listed if isinstance(name, str)))[:3]:
        yield Observation("the list of attachments holds a file of another object", "the object's own files",
                          short(name), "attachments", subject.evidence)  # fmt: skip


@check("roundtrip.attachment_content")
def content(subject: Downloaded) -> Iterator[Observation]:
    """What is downloaded is what was uploaded, byte for byte. Source: [S23] file download. That the answer is the bare
    file is INFERRED: a JSON object in its place, which the contract has, does not vote."""
    if subject.status != 200:
        yield Observation("an attached file cannot be downloaded by its platform_id", "200", str(subject.status),
                          "attachments", subject.evidence)  # fmt: skip
    elif subject.content != subject.sent:
        yield Observation("an attached file is downloaded with other bytes", "the bytes that were uploaded",
                          "other bytes", "attachments", subject.evidence,
                          severity=Severity.ADVISORY if subject.is_json else None)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Printed(Subject):
    """What was answered with 200 to the question where the printed document is."""

    body: Any
    evidence: tuple[str, ...]


@check("queries.pdf")
def pdf(subject: Printed) -> Iterator[Observation]:
    """A document that can be printed tells where its PDF is, in the shape of the contract, and not with an empty text.
    Source: [S24] InvoiceTransactionPdfLinkResponse."""
    found = subject.body.get("invoice") if isinstance(subject.body, dict) else None
    link = found.get("pdf_link") if isinstance(found, dict) else None
    if not isinstance(link, str) or not link.strip():
        yield Observation("the link to the PDF of an invoice is missing", "invoice.pdf_link", short(subject.body),
                          "pdf_link", subject.evidence)  # fmt: skip
