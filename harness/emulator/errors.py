"""The API's error bodies: flat `{error_type, error_code, error_message, error_metadata?}`.

Statuses are documented in [D:rest/2023-03-14/errors]; of the types and codes only the CONNECTION_ERROR family is
documented, the others are INFERRED names of the same form.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.emulator.settings import EmulatorSettings

CONNECTION_ERROR = "CONNECTION_ERROR"
REQUEST_ERROR = "API_REQUEST_ERROR"
PLATFORM_ERROR = "PLATFORM_ERROR"
RATE_LIMIT_ERROR = "RATE_LIMIT_ERROR"
SERVER_ERROR = "API_ERROR"


@dataclass(eq=False)
class ApiError(Exception):
    """An answer that is an error."""

    status: int
    type: str
    code: str
    message: str
    metadata: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        """The flat error body. Source: [D:rest/2023-03-14/errors]."""
        body: dict[str, Any] = {
            "error_type": self.type,
            "error_code": self.code,
            "error_message": self.message,
        }
        if self.metadata is not None:
            body["error_metadata"] = dict(self.metadata)
        return body


def invalid_credentials() -> ApiError:
    """Wrong Basic pair or wrong access_token, documented as one error. Source: [D:rest/2023-03-14/errors]."""
    return ApiError(401, CONNECTION_ERROR, "INVALID_CREDENTIALS", "The credentials or the access token are wrong.")


def missing_access_token(settings: EmulatorSettings) -> ApiError:
    """No access_token on an endpoint that needs one. Source: UNKNOWN (a code starting with MISSI is documented)."""
    return ApiError(
        settings.missing_token_status, REQUEST_ERROR, "MISSING_ACCESS_TOKEN", "The access_token parameter is missing."
    )


def wrong_version(settings: EmulatorSettings, sent: str | None, served: str) -> ApiError:
    """Missing or unserved X-Rutter-Version. Source: UNKNOWN."""
    code = "MISSING_VERSION" if sent is None else "INVALID_VERSION"
    seen = "is missing" if sent is None else f"{sent!r} is not served"
    return ApiError(settings.version_status, REQUEST_ERROR, code, f"The X-Rutter-Version header {seen}; send {served}.")


def invalid_request(message: str, **metadata: Any) -> ApiError:
    """The request fails the API's own checks; never stored under an idempotency key. Source: errors table, 400."""
    return ApiError(400, REQUEST_ERROR, "INVALID_REQUEST", message, metadata or None)


def not_supported(settings: EmulatorSettings, what: str) -> ApiError:
    """The endpoint does not exist, or not for this platform. Source: errors table, 404."""
    return ApiError(settings.unsupported_status, REQUEST_ERROR, "NOT_SUPPORTED", f"{what} is not supported.")


def unknown_path(status: int = 404, allowed: tuple[str, ...] = ()) -> ApiError:
    """There is no such endpoint; `allowed`: the methods that the path has. Source: errors table, 404."""
    headers = {"Allow": ", ".join(allowed)} if allowed else {}
    return ApiError(status, REQUEST_ERROR, "NOT_FOUND", "There is no such endpoint.", headers=headers)


def unknown_id(settings: EmulatorSettings, what: str) -> ApiError:
    """The route is known, the object is not. Source: errors table, 410 (phased in; 404 before)."""
    return ApiError(settings.unknown_id_status, REQUEST_ERROR, "OBJECT_NOT_FOUND", f"There is no {what} with this id.")


def key_reused() -> ApiError:
    """The idempotency key belongs to another accepted request. Source: idempotency guide."""
    return ApiError(409, REQUEST_ERROR, "IDEMPOTENCY_KEY_REUSED", "The Idempotency-Key was used with another request.")


def rate_limited(settings: EmulatorSettings, wait: float) -> ApiError:
    """The organisation's rate limit. Source: [H:7238576299]."""
    headers = {"Retry-After": str(max(1, round(wait)))} if settings.retry_after else {}
    return ApiError(429, RATE_LIMIT_ERROR, "RATE_LIMIT_EXCEEDED", "Too many requests; back off.", headers=headers)


def refused(settings: EmulatorSettings, message: str) -> ApiError:
    """The platform answered 400 to a write. Source: errors table, 450."""
    return ApiError(
        settings.refused_status, PLATFORM_ERROR, "PLATFORM_VALIDATION_ERROR", message, {"human_readable": message}
    )


def platform_rate_limited() -> ApiError:
    """The platform's own rate limit. Source: [H:7238576299]."""
    return ApiError(452, PLATFORM_ERROR, "PLATFORM_RATE_LIMIT", "The platform limits the rate; back off.")


def internal_error(status: int = 500) -> ApiError:
    """A failure of the API itself; the outcome of a write is indeterminate. Source: errors table, 5xx."""
    return ApiError(status, SERVER_ERROR, "INTERNAL_SERVER_ERROR", "Something went wrong on our side.")


def connection_state_error(settings: EmulatorSettings, status: str, link_url: str) -> ApiError | None:
    """The documented CONNECTION_ERROR of a connection's state, None when it may be used. HTTP statuses UNKNOWN."""
    if status == "not_ready":
        return ApiError(
            settings.not_ready_status, CONNECTION_ERROR, "PRODUCT_NOT_READY", "The initial sync is not finished."
        )
    if status == "needs_reauth":
        return ApiError(
            settings.needs_update_status, CONNECTION_ERROR, "NEEDS_UPDATE", f"Authenticate again at {link_url}."
        )
    if status == "disabled":
        return ApiError(
            settings.disabled_status,
            CONNECTION_ERROR,
            "CONNECTION_DISABLED",
            "The connection is disabled; /connections/status has the reason.",
        )
    return None
