"""One question in JSON to what takes part in a load test beside the API: a backend's queue, an emulator's own side."""

import json
import urllib.error
import urllib.request
from typing import Any

from harness.errors import TargetUnreachable, UsageError


def ask(url: str, *, method: str = "GET", body: Any = None, patience: float = 5.0) -> Any:
    """The JSON that an address answers with a 2xx. TargetUnreachable when there is none within `patience` seconds,
    UsageError when it refuses; both name the address."""
    if not url.startswith(("http://", "https://")):
        raise TargetUnreachable(f"{url} is no http(s) URL")
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, content, {"Content-Type": "application/json"}, method=method)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=patience) as answer:  # noqa: S310 - scheme checked above
            return json.loads(answer.read())
    except urllib.error.HTTPError as error:
        told = error.read().decode("utf-8", "replace")[:300]
        error.close()
        raise UsageError(f"{method} {url} is refused: HTTP {error.code} {told}") from error
    except OSError as error:
        raise TargetUnreachable(f"{url} cannot be reached: {error}") from error
    except ValueError as error:
        raise TargetUnreachable(f"{url} does not answer JSON: {error}") from error
