"""Recordings made by hand, without a target."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.core import Redactor
from harness.recording.interaction import Interaction, answered, asked

BASE = "https://api.invalid/versioned"
Made = Callable[..., Interaction]


@pytest.fixture
def made() -> Made:
    """Makes an interaction: group, case, method, path, answer, and what was sent."""
    redactor = Redactor(b"k" * 32)

    def make(group: str, case: str, method: str, path: str, answer: object, sent: object = None) -> Interaction:
        body = b"" if sent is None else json.dumps(sent).encode()
        headers = (("content-type", "application/json"),)
        request = asked(redactor, BASE, method, BASE + path, headers if body else (), body)
        return Interaction(group, case, request, answered(redactor, BASE, 200, headers, json.dumps(answer).encode()))

    return make


@pytest.fixture
def journal(tmp_path: Path) -> Callable[..., Path]:
    """Writes interactions as the journal of one worker; the folder of all workers."""

    def write(*items: Interaction, tail: str = "") -> Path:
        file = tmp_path / "workers" / "gw0" / "interactions.ndjson"
        file.parent.mkdir(parents=True, exist_ok=True)
        lines = [json.dumps(item.to_json(), separators=(",", ":")) + "\n" for item in items]
        file.write_text("".join(lines) + tail)
        return tmp_path / "workers"

    return write
