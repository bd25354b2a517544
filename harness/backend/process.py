"""A backend in a process of its own, started, killed and started again by whoever needs one."""

import json
import subprocess
import sys
from dataclasses import dataclass, fields, replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from harness.backend.settings import BackendSettings
from harness.core import Secret
from harness.errors import HarnessError

READY = "ready "


@dataclass
class BackendProcess:
    """A running backend. Settings go over its standard input, so that no secret stands on a command line; that stays
    open, and the backend ends when its owner does, however that comes."""

    settings: BackendSettings
    process: "subprocess.Popen[str]"

    @classmethod
    def start(cls, settings: BackendSettings, log: Path | None = None) -> "BackendProcess":
        """Start one and wait until it accepts connections. HarnessError when it ends instead. What it tells on standard
        error goes into `log`."""
        # Never a pipe: nobody empties it while the process runs, and a full one would stop it.
        with log.open("w+b") if log is not None else TemporaryFile() as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", "harness.backend"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=errors, text=True, start_new_session=True,
            )  # fmt: skip
            if process.stdin is None or process.stdout is None:
                raise HarnessError("the backend's process has no pipes")
            process.stdin.write(f"{dumps(settings)}\n")
            process.stdin.flush()
            line = process.stdout.readline()
            if not line.startswith(READY):
                process.communicate()
                errors.seek(0)
                told = errors.read().decode("utf-8", "replace").strip().splitlines()
                raise HarnessError(f"the backend did not start: {told[-1] if told else 'it said nothing'}")
        return cls(replace(settings, port=int(line.removeprefix(READY))), process)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://{self.settings.host}:{self.settings.port}"

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self._ended()

    def stop(self) -> None:
        """End it gently and wait."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self._ended()

    def _ended(self) -> None:
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


def dumps(settings: BackendSettings) -> str:
    """Settings as JSON, secrets in clear: for a pipe and nothing else."""

    def plain(value: Any) -> Any:
        if isinstance(value, Secret):
            return {"secret": value.reveal()}
        return [plain(item) for item in value] if isinstance(value, tuple) else value

    return json.dumps({item.name: plain(getattr(settings, item.name)) for item in fields(settings)})


def loads(text: str) -> BackendSettings:
    """The inverse of `dumps`."""

    def back(value: Any) -> Any:
        if isinstance(value, dict):
            return Secret(value["secret"])
        return tuple(back(item) for item in value) if isinstance(value, list) else value

    return BackendSettings(**{name: back(value) for name, value in json.loads(text).items()})
