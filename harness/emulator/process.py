"""An emulator in a process of its own, started and stopped by whoever needs one."""

import json
import subprocess
import sys
from dataclasses import dataclass, fields, replace
from typing import get_type_hints

from harness.emulator.address import base_url
from harness.emulator.credentials import environment
from harness.emulator.settings import EmulatorSettings
from harness.emulator.settings_text import from_wire, to_wire
from harness.errors import HarnessError

READY = "ready "


@dataclass
class EmulatorProcess:
    """A running emulator. Settings go to it over its standard input, so that no secret stands on a command line; that
    stays open, and the emulator ends when its owner does, however that comes."""

    settings: EmulatorSettings
    process: "subprocess.Popen[str]"

    @classmethod
    def start(cls, settings: EmulatorSettings) -> "EmulatorProcess":
        """Start one and wait until it accepts connections. HarnessError when it ends instead."""
        process = subprocess.Popen(
            [sys.executable, "-m", "harness.emulator"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise HarnessError("the emulator's process has no pipes")
        process.stdin.write(f"{dumps(settings)}\n")
        process.stdin.flush()
        line = process.stdout.readline()
        if not line.startswith(READY):
            told = process.communicate()[1].strip().splitlines()
            raise HarnessError(f"the emulator did not start: {told[-1] if told else 'it said nothing'}")
        return cls(replace(settings, port=int(line.removeprefix(READY))), process)

    @property
    def base_url(self) -> str:
        """The base URL, with `/versioned` as the real one has it."""
        return base_url(self.settings)

    @property
    def pid(self) -> int:
        """The process id."""
        return self.process.pid

    def environment(self) -> dict[str, str]:
        """The environment variables that point a client at it."""
        return environment(self.settings, self.base_url)

    def stop(self) -> None:
        """End the process and wait for it."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()


def dumps(settings: EmulatorSettings) -> str:
    """Settings as JSON, secrets in clear: for a pipe and nothing else."""
    return json.dumps({item.name: to_wire(getattr(settings, item.name)) for item in fields(settings)})


def loads(text: str) -> EmulatorSettings:
    """The inverse of `dumps`."""
    kinds = get_type_hints(EmulatorSettings)
    return EmulatorSettings(**{name: from_wire(kinds[name], value) for name, value in json.loads(text).items()})
