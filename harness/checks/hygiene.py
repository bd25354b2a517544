"""What every exchange of every case must have, whatever the case is about: the plugin judges all evidence with these."""

from collections.abc import Iterable, Iterator, MutableMapping
from dataclasses import dataclass
from typing import Any

from harness.checks.registry import Observation, Subject, check
from harness.core import Evidence, Severity

DOCUMENTED_STATUS = frozenset({200, 400, 401, 404, 409, 410, 429, 450, 452})
"""Source: [D:rest/2023-03-14/errors], facts section 2."""

UNCLEAR_STATUS = frozenset({403, 408, 451})
"""Looked for and found without a stated meaning: shown, not held against the target. Source: facts section 2."""

LIMITED = frozenset({429, 452})
PATIENT_ATTEMPTS = 6
"""A request that is refused this often in a row, with back-off, is not served at all."""

NOT_JSON = frozenset({"download_attachment"})
"""Operations whose 200 may be a file. Source: [S24] AttachmentFileResponse, trap 35."""

HYGIENE = (
    "hygiene.answer",
    "hygiene.status",
    "hygiene.request_id",
    "hygiene.request_id_repeats",
    "hygiene.json",
    "hygiene.content_type",
    "hygiene.error_body",
    "hygiene.leak",
)
"""What the plugin hands every case's evidence to."""


@dataclass(frozen=True, slots=True)
class Exchanges(Subject):
    """All evidence of one case. `repeated` pairs evidence with the earlier evidence that had the same request id."""

    exchanges: tuple[Evidence, ...]
    repeated: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(
        cls,
        case: str,
        platform: str | None,
        resource: str | None,
        evidence: Iterable[Evidence],
        request_ids: MutableMapping[str, str],
    ) -> "Exchanges":
        """The evidence of a case; `request_ids` maps every request id of the run so far to its evidence and grows."""
        made = tuple(evidence)
        repeated = []
        for item in made:
            if item.request_id:
                first = request_ids.setdefault(item.request_id, item.id)
                if first != item.id:
                    repeated.append((item.id, first))
        return cls(case, platform, resource, made, tuple(repeated))

    def answered(self) -> Iterator[Evidence]:
        """Evidence with a response."""
        return (item for item in self.exchanges if item.status is not None)


def where(item: Evidence) -> str:
    """`GET /accounting/bills`: how a message names an exchange."""
    return f"{item.method} {item.path.partition('/versioned')[2] or item.path}"


@check("hygiene.answer")
def answer(subject: Exchanges) -> Iterator[Observation]:
    """Every request is answered.

    An integration that gets no answer cannot tell whether a write happened. One lost answer that a repeated read then
    got is shown as an advisory: networks do that. Source: [D:implementation-guides/handling-errors].
    """
    for index, item in enumerate(subject.exchanges):
        if item.problem is not None:
            recovered = _recovered(item, subject.exchanges[index + 1 :])
            yield Observation(
                message=f"{where(item)} was not answered",
                expected="an HTTP response",
                seen=f"{item.problem}, attempt {item.attempt}",
                evidence=(item.id,),
                severity=Severity.ADVISORY if recovered else None,
            )


def _recovered(item: Evidence, later: Iterable[Evidence]) -> bool:
    return any(
        other.status is not None
        and (other.method, other.path, other.query) == (item.method, item.path, item.query)
        and other.attempt > item.attempt
        for other in later
    )


@check("hygiene.status")
def status(subject: Exchanges) -> Iterator[Observation]:
    """Every answer has a documented status: 200 for success, and 400, 401, 404, 409, 410, 429, 450 or 452.

    Clients branch on these. 201, 202 and 204 are not in the contract, async acceptance is a 200 too; a 5xx is a failure
    of the API and leaves a write indeterminate. 403, 408 and 451 have no stated meaning and are advisory. A limit that
    never ends under a paced client is a finding as well. Source: [S24], [D:rest/2023-03-14/errors].
    """
    for item in subject.answered():
        if item.status in LIMITED and item.attempt >= PATIENT_ATTEMPTS:
            yield Observation(
                message=f"{where(item)} stays limited although the client backs off",
                expected="an answer after exponential back-off",
                seen=f"{item.status} on attempt {item.attempt}",
                evidence=(item.id,),
            )
        elif item.status not in DOCUMENTED_STATUS:
            yield Observation(
                message=f"{where(item)} is answered with an undocumented status",
                expected=f"one of {', '.join(str(value) for value in sorted(DOCUMENTED_STATUS))}",
                seen=str(item.status),
                evidence=(item.id,),
                severity=Severity.ADVISORY if item.status in UNCLEAR_STATUS else None,
            )


@check("hygiene.request_id")
def request_id(subject: Exchanges) -> Iterator[Observation]:
    """Every response carries X-Rutter-Request-ID.

    Support and the request logs find a request by it; without it an incident cannot be traced.
    Source: [D:troubleshooting].
    """
    lacking = [item for item in subject.answered() if not (item.request_id or "").strip()]
    if lacking:
        yield Observation(
            message=f"{len(lacking)} of {len(subject.exchanges)} responses lack a request id, such as {where(lacking[0])}",
            expected="the header X-Rutter-Request-ID with a value",
            seen="empty" if lacking[0].request_id is not None else "absent",
            evidence=tuple(item.id for item in lacking[:3]),
            field="X-Rutter-Request-ID",
        )


@check("hygiene.request_id_repeats")
def request_id_repeats(subject: Exchanges) -> Iterator[Observation]:
    """No two responses share a request id.

    A request id names one request; when it repeats, the log entry that support finds may be another one.
    Source: [D:troubleshooting].
    """
    if subject.repeated:
        later, earlier = subject.repeated[0]
        yield Observation(
            message=f"{len(subject.repeated)} of {len(subject.exchanges)} responses repeat an earlier request id",
            expected="a request id that no other response has",
            seen=f"the same id on {earlier} and {later}",
            evidence=(earlier, later),
            field="X-Rutter-Request-ID",
        )


@check("hygiene.json")
def json(subject: Exchanges) -> Iterator[Observation]:
    """Every body is strict JSON: no NaN or Infinity, no duplicate key, nothing cut off.

    Strict parsers refuse the whole page otherwise, lenient ones lose a value in silence. Files that are downloaded are
    exempt. Source: [S24] media types.
    """
    for item in subject.answered():
        if item.operation in NOT_JSON and item.status == 200:
            continue
        if not item.response_is_json:
            yield Observation(
                message=f"{where(item)} is answered with a body that is not JSON",
                expected="strict JSON",
                seen=item.json_problem
                or (f"{(item.response_text or '')[:80]!r}" if item.response_text else "an empty body"),
                evidence=(item.id,),
            )


@check("hygiene.content_type")
def content_type(subject: Exchanges) -> Iterator[Observation]:
    """Every JSON body is declared as JSON, in UTF-8.

    HTTP libraries decide by Content-Type whether and how to parse. Source: [S24] media types; RFC 8259 section 8.1.
    """
    for item in subject.answered():
        if not item.response_is_json:
            continue
        declared = item.response_headers.get("content-type", "")
        kind, _, parameters = declared.lower().partition(";")
        charset = parameters.partition("charset=")[2].strip(' "')
        if kind.strip() != "application/json" or charset not in {"", "utf-8", "utf8"}:
            yield Observation(
                message=f"{where(item)} declares its JSON body as something else",
                expected="application/json, without charset or with utf-8",
                seen=declared or "no Content-Type",
                evidence=(item.id,),
                field="Content-Type",
            )


@check("hygiene.error_body")
def error_body(subject: Exchanges) -> Iterator[Observation]:
    """Every error has the flat body: error_type, error_code and error_message, each a text that is not empty.

    error_type and error_code are what an integration branches on; error_metadata, when there, is an object.
    Source: [D:rest/2023-03-14/errors], [RTS].
    """
    for item in subject.answered():
        if item.status is None or item.status < 400 or not item.response_is_json:
            continue
        for field, expected, seen in _flaws(item.response_json):
            yield Observation(
                message=f"the {item.status} of {where(item)} has no proper {field}",
                expected=expected,
                seen=seen,
                evidence=(item.id,),
                field=field,
            )


def _flaws(body: Any) -> Iterator[tuple[str, str, str]]:
    if not isinstance(body, dict):
        yield "error_code", "an object with error_type, error_code and error_message", f"a JSON {type(body).__name__}"
        return
    for name in ("error_type", "error_code", "error_message"):
        value = body.get(name)
        if not isinstance(value, str) or not value.strip():
            seen = f"{value!r}" if name in body else f"absent; the body has {', '.join(sorted(body)[:6]) or 'no key'}"
            yield name, "a text that is not empty, at the top of the body", seen
    metadata = body.get("error_metadata")
    if metadata is not None and not isinstance(metadata, dict):
        yield "error_metadata", "an object, or absent", f"a JSON {type(metadata).__name__}"


@check("hygiene.leak")
def leak(subject: Exchanges) -> Iterator[Observation]:
    """No error shows a credential or an access token.

    Errors go to logs and screens, and an access token there opens the customer's books. Good practice; not documented.
    """
    for item in subject.answered():
        if item.status is not None and item.status >= 400:
            text = f"{item.response_json} {item.response_text or ''}"
            kinds = [kind for kind in ("access_token", "client_secret") if f"{{{{{kind}:" in text]
            if kinds:
                yield Observation(
                    message=f"the {item.status} of {where(item)} shows a secret",
                    expected="no secret in an error",
                    seen=f"the {kinds[0].replace('_', ' ')}",
                    evidence=(item.id,),
                )
