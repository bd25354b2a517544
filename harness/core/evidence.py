"""An exchange after redaction: what findings cite and files may hold."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

BRIEF_ROWS = 3
"""Rows that a list keeps in evidence which no finding needs."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A redacted exchange. Built only by `Redactor`; writers accept nothing else.

    `query` keeps order and repeats, values decoded. Header names are lower case. `request_json` and `response_json`
    are the parsed bodies with secrets replaced; when a body is not JSON, `response_json` is None, `response_is_json`
    is False and `response_text` holds at most 2,000 characters. `elapsed_ms` is in milliseconds. `problem` says why
    there is no response (then `status` is None).
    """

    id: str
    case: str | None
    platform: str | None
    connection_id: str | None
    resource: str | None
    operation: str | None
    method: str
    base_url: str
    path: str
    query: tuple[tuple[str, str], ...]
    request_headers: Mapping[str, str]
    request_json: Any
    status: int | None
    response_headers: Mapping[str, str]
    response_json: Any
    response_is_json: bool
    response_text: str | None
    problem: str | None
    started_at: str
    elapsed_ms: float
    attempt: int = 1
    json_problem: str | None = None
    """Why the body is not strict JSON although it says so (NaN, truncated, duplicate key...)."""
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def unsent(self) -> bool:
        """Whether the target could not even be connected to: this says nothing of the operation."""
        return self.problem is not None and self.problem.startswith("connect:")

    @property
    def broken_off(self) -> bool:
        """Whether an answer began and ended before its announced length."""
        return self.problem is not None and "complete message body" in self.problem

    @property
    def of_api(self) -> bool:
        """Whether it is an exchange with the API; else it is one with the integrator's backend (tag `of`)."""
        return self.tags.get("of") != "backend"

    @property
    def request_id(self) -> str | None:
        """`X-Rutter-Request-ID` of the response; support asks for it. Source: [D:troubleshooting]."""
        return self.response_headers.get("x-rutter-request-id")

    @property
    def job_id(self) -> str | None:
        """`X-Rutter-Job-ID` of the response: the mark of an accepted write. Source: idempotency guide."""
        return self.response_headers.get("x-rutter-job-id")

    @property
    def ok(self) -> bool:
        """Whether the response is a 200 with a JSON object, the only documented success."""
        return self.status == 200 and isinstance(self.response_json, dict)

    @property
    def body(self) -> Any:
        """The parsed response body, None when it is not JSON."""
        return self.response_json

    def param(self, name: str) -> str | None:
        """The first value of a query parameter."""
        return next((value for key, value in self.query if key == name), None)

    def brief(self, rows: int = BRIEF_ROWS) -> "Evidence":
        """The same with lists of the response cut to their first `rows`; the tag `rows_cut` says how many are gone."""
        body = self.response_json
        if not isinstance(body, dict):
            return self
        long = {key: value for key, value in body.items() if isinstance(value, list) and len(value) > rows}
        if not long:
            return self
        cut = sum(len(value) - rows for value in long.values())
        shown = {**body, **{key: value[:rows] for key, value in long.items()}}
        return replace(self, response_json=shown, tags={**self.tags, "rows_cut": str(cut)})

    def to_json(self) -> dict[str, Any]:
        """A dict for one NDJSON line; `from_json` turns it back."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Evidence":
        """The inverse of `to_json`."""
        return cls(**{**data, "query": tuple((key, value) for key, value in data["query"])})
