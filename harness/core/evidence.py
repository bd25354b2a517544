"""An exchange after redaction: what findings cite and files may hold."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


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

    def to_json(self) -> dict[str, Any]:
        """A dict for one NDJSON line; `from_json` turns it back."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Evidence":
        """The inverse of `to_json`."""
        return cls(**{**data, "query": tuple((key, value) for key, value in data["query"])})
