"""From a step of the plan to the request on the wire: credentials, cursors, texts of its own, keys, signatures."""

import random
import re
import uuid
from base64 import b64encode
from collections.abc import Mapping
from urllib.parse import quote

from harness.rollout.operations import Operation
from harness.rollout.signing import signature
from harness.rollout.transport import Completion
from harness.rollout.work import TOKEN, UNIQUE, Step, Work

_CURSOR = re.compile(rb'"next_cursor"\s*:\s*"([^"]+)"')


class Composer:
    """Makes the requests of one process. `environ` holds the credentials; nothing of them is kept elsewhere."""

    def __init__(self, work: Work, environ: Mapping[str, str], seeded: random.Random) -> None:
        self._work, self._environ, self._random = work, environ, seeded
        self._cursors: dict[tuple[str, str | None], str] = {}
        self._headers = self._fixed_headers()

    def compose(self, operation: Operation) -> list[str]:
        """The headers of an attempt; sets the operation's URL and, the first time, its body."""
        step = operation.step
        operation.url = self._url(step)
        if step.body is not None and operation.body is None:
            token = self._environ.get(f"RUTTER_ACCESS_TOKEN_{step.platform}", "")
            unique = f"{self._random.getrandbits(40):010x}"
            operation.body = step.body.replace(UNIQUE, unique).replace(TOKEN, token).encode()
        headers = self._headers if step.of != "webhook" else []
        if step.method == "GET":
            return headers
        headers = [*headers, "Content-Type: application/json"]
        if self._work.signed and step.of == "webhook":
            secret = self._environ.get("RUTTER_CLIENT_SECRET", "")
            return [*headers, f"X-Rutter-Signature: {signature(operation.body or b'', secret)}"]
        if step.operation == "create":
            return [*headers, f"Idempotency-Key: {uuid.UUID(int=self._random.getrandbits(128), version=4)}"]
        return headers

    def learn(self, step: Step, completion: Completion) -> None:
        """Keep the cursor of an answer for the next request of the same walk; at its end the walk begins anew."""
        if not step.walks or completion.status != 200:
            return
        found = _CURSOR.search(completion.body)
        if found:
            self._cursors[step.path, step.platform] = found[1].decode()
        else:
            self._cursors.pop((step.path, step.platform), None)

    def _url(self, step: Step) -> str:
        if step.path.startswith("http"):
            return step.path
        url, parts = self._work.base_url + step.path, []
        cursor = self._cursors.get((step.path, step.platform)) if step.walks else None
        if cursor is not None:
            parts.append(f"cursor={quote(cursor, safe='')}")
        token = self._environ.get(f"RUTTER_ACCESS_TOKEN_{step.platform}") if step.platform else None
        if token is not None:
            parts.append(f"access_token={token}")
        return url + ("&" if "?" in url else "?") + "&".join(parts) if parts else url

    def _fixed_headers(self) -> list[str]:
        user = self._environ.get("RUTTER_CLIENT_ID")
        if not user:
            return []
        pair = f"{user}:{self._environ.get('RUTTER_CLIENT_SECRET', '')}"
        basic = b64encode(pair.encode()).decode("ascii")
        return [f"Authorization: Basic {basic}", f"X-Rutter-Version: {self._work.version}", "Accept: application/json"]
