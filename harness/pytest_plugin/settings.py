"""What one run was asked to do: written by the CLI as a file, or made of pytest's own options by a bare `pytest`."""

import secrets
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from harness.core import on_loopback

DEFAULT_OUT = "golive-report"


class RunSettings(BaseModel):
    """One run. Holds no credential: those are resolved where they are used, from the environment or `golive.toml`.

    `plans` are paths; empty means all shipped plans. `platforms`, `resources` and `select` (areas) narrow the cases;
    empty means all; `each_once` leaves each resource on one platform only, `of_plans` what one of these plans (by name)
    asks for, `of_cases` these cases (by id; None: all). `repeat` proves each case so often. `rate`
    is `500/10s`, `off`, or None for the target's default. `defects` are those of the emulator, `backend_defects` those
    of the reference backend. `emulator` holds settings of the emulator as text (`EmulatorSettings.with_options`).
    `redaction_key` (hex) keys the fingerprints of this run and is
    never written to the output directory. `events_fd` is an inherited file descriptor that progress events are written
    to, as JSON lines.

    `mode` says whether the run only proves, records into `cassettes` (a folder) or is played from there. `seed` and
    `clock` (ISO 8601) decide what such a run makes up; `pseudonymise` replaces personal data. `backend` is the plan of
    an integration backend that is proven beside the API, with an emulator as its world; empty: none. `await_edits` is
    how many seconds a person has to edit in a platform's software; 0: nobody is there. What that person is told goes
    into the file `notices`, a line each.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: Literal["run", "record", "replay"] = "run"
    target: str = "emulator"
    plans: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    select: tuple[str, ...] = ()
    each_once: bool = False
    of_plans: tuple[str, ...] = ()
    of_cases: tuple[str, ...] | None = None
    out: str = DEFAULT_OUT
    rate: str | None = None
    repeat: int = Field(default=1, ge=1)
    cleanup: bool = True
    defects: tuple[str, ...] = ()
    backend_defects: tuple[str, ...] = ()
    emulator: dict[str, str] = Field(default_factory=dict)
    settings_file: str = "golive.toml"
    backend: str = ""
    redaction_key: str = Field(default_factory=lambda: secrets.token_hex(16), repr=False)
    cassettes: str = ""
    seed: str = "golive"
    clock: str | None = None
    pseudonymise: bool = False
    await_edits: float = Field(default=0.0, ge=0.0)
    notices: str = ""
    events_fd: int | None = None
    command: str = "pytest"

    @property
    def proves_backend(self) -> bool:
        """Whether a backend is proven beside the API: its world is an emulator, so beside a live API it proves nothing,
        and nothing of it is recorded."""
        return bool(self.backend) and (self.target == "emulator" or on_loopback(self.target)) and self.mode == "run"

    @property
    def asks_person(self) -> bool:
        """Whether there are cases that take a person: on a live target, and on an emulator by URL when one is there.
        The sandbox has no platform behind it. Source: section 12."""
        nobody = on_loopback(self.target) and not self.await_edits
        return self.mode == "run" and self.target not in {"emulator", "sandbox"} and not nobody

    @property
    def directory(self) -> Path:
        """The output directory."""
        return Path(self.out)

    def save(self, path: Path) -> None:
        """Write as JSON, readable by the owner only, for the child process."""
        path.touch(mode=0o600)
        path.write_text(self.model_dump_json(), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> "RunSettings":
        """The inverse of `save`."""
        return cls.model_validate_json(path.read_text(encoding="utf-8"))
