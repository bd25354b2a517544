"""An emulator with a connection to every platform that the proofs need, and ways to call it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from harness.contract import load_contract
from harness.core import SystemClock
from harness.drive import Session, discover, resolve_target
from harness.drive.drive import Drive
from harness.emulator import EmulatorProcess, EmulatorSettings
from harness.plan.case import Case

PREFERRED = ("QUICKBOOKS", "NETSUITE", "SHOPIFY", "SAGE_INTACCT", "STRIPE", "GOOGLE", "PLAID", "GUSTO", "XERO",
             "QUICKBOOKS_DESKTOP", "AMAZON")  # fmt: skip
"""Between them they have every operation of the contract; the first that has one is used for it."""


class Lab:
    """One emulator, called over its socket."""

    def __init__(self, process: EmulatorProcess, platforms: tuple[str, ...]) -> None:
        self.process, self.platforms = process, platforms
        self.contract = load_contract()
        self.environment = process.environment()
        self.root = process.base_url.removesuffix("/versioned")
        self.auth = (self.environment["RUTTER_CLIENT_ID"], self.environment["RUTTER_CLIENT_SECRET"])
        self.http = httpx.Client(auth=self.auth, headers={"X-Rutter-Version": self.contract.version}, timeout=60)

    def token(self, platform: str) -> str:
        """The access token of a platform's connection."""
        return self.environment[f"RUTTER_ACCESS_TOKEN_{platform}"]

    def api(self, method: str, path: str, **options: Any) -> httpx.Response:
        """A request to the API."""
        return self.http.request(method, self.process.base_url + path, **options)

    def own(self, path: str, body: Any) -> Any:
        """A request to the double's own endpoints."""
        return self.http.post(f"{self.root}/_emulator/{path}", json=body).raise_for_status().json()

    @contextmanager
    def drives(self, directory: Path) -> Iterator[dict[str, Drive]]:
        """A drive for each platform: it fills the inputs that plans make from the contract."""
        target = resolve_target("emulator", environ=self.environment, settings_file=Path("none.toml"))
        session = Session(
            discover(target, self.platforms, rate="off"), self.contract, requirements={}, record=lambda _: None,
            directory=directory, worker="conformance", redaction_key=b"key", clock=SystemClock(),
        )  # fmt: skip
        try:
            yield {name: session.drive(Case("fields.types", name, "bills")) for name in self.platforms}
        finally:
            session.close()


@contextmanager
def opened(platforms: tuple[str, ...] = PREFERRED, **settings: Any) -> Iterator[Lab]:
    """A lab whose emulator is stopped afterwards."""
    process = EmulatorProcess.start(EmulatorSettings(rate_limit=0, connections=platforms, **settings))
    lab = Lab(process, platforms)
    try:
        yield lab
    finally:
        lab.http.close()
        process.stop()
