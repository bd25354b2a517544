"""The reference backend's pages in a real Chromium, with the real browser package and the double's Link, served by the
commands of the README in two terminals.

The package comes by `make browser-packages`, Chromium from the system; without them this test is skipped. Screenshots
of each step are kept in `golive-report/browser/`.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from harness.backend.settings import LINK_SCRIPT

ROOT = Path(__file__).resolve().parents[3]
BUNDLE = ROOT / "suites/selftest/emulator/browser/node_modules/@rutter/rutter-link/dist/bundle.js"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
README = (ROOT / "README.md").read_text(encoding="utf-8").partition("take two terminals")[2]


@pytest.fixture
def page():
    """A page of a fresh browser, to which the package's CDN is the installed package."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    if not BUNDLE.is_file():
        pytest.skip("the browser packages are not here: make browser-packages")
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = browser.new_context()
        context.route(LINK_SCRIPT, lambda route: route.fulfill(path=BUNDLE, content_type="text/javascript"))
        yield context.new_page()
        browser.close()


@pytest.fixture
def terminals(tmp_path):
    """The README's two terminals: (the emulator's address, the backend's), on ports that are free here."""
    ports = {}
    with socket.socket() as first, socket.socket() as second:
        for name, taken in (("8080", first), ("8090", second)):
            taken.bind(("127.0.0.1", 0))
            ports[name] = str(taken.getsockname()[1])
    blocks = re.findall(r"```console\n(.*?)```", README, re.DOTALL)[:2]
    serves, lines = [], []
    for block, words in zip(blocks, ("golive emulator serves", "golive backend serves"), strict=True):
        typed = re.sub(r"^\$ ", "", block, flags=re.MULTILINE).replace(
            ".venv/bin/golive", f"{sys.executable} -m harness.cli"
        )
        for name, port in ports.items():
            typed = typed.replace(name, port)
        # `exec`: what is ended afterwards is the server, not the shell that started it.
        *before, last = [*lines, *typed.strip().splitlines()]
        script = "\n".join(["set -e", *before, f"exec {last}"])
        environment = {name: value for name, value in os.environ.items() if not name.startswith("RUTTER_")}
        terminal = subprocess.Popen(  # noqa: S603 - commands of our own README
            ["/bin/bash", "-c", script], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env={**environment, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        serves.append(terminal)
        for line in terminal.stdout:
            lines += [line.strip()] if line.startswith("export ") else []
            if words in line:
                break
    yield tuple(f"http://127.0.0.1:{ports[name]}" for name in ("8080", "8090"))
    for terminal in serves:
        terminal.send_signal(signal.SIGINT)
        terminal.wait(timeout=30)
        terminal.stdout.close()


@pytest.fixture
def picture(page):
    """`picture("connected")` keeps what the page shows; pictures are numbered in the order of the steps."""
    folder = ROOT / "golive-report" / "browser"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return lambda name: page.screenshot(path=folder / f"{len(list(folder.iterdir())) + 1}_{name}.png")


def popup_of(page):
    """Click Connect; the popup that opens."""
    with page.expect_popup() as opened:
        page.click("#connect")
    return opened.value


def until(page, selector, url):
    """Load a page again and again until it shows something; it is data that arrives meanwhile."""
    for _ in range(400):
        page.goto(url)
        if page.locator(selector).count():
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"{selector} never came at {url}")


def connected(page, backend, picture):
    """Cancel leaves nothing; Connect makes a connection. Its page's address."""
    page.goto(backend)
    popup_of(page).click("#cancel")
    page.wait_for_selector("text=Not connected.")
    picture("cancelled")
    popup = popup_of(page)
    popup.select_option("#platform", "XERO")
    popup.click("#connect")
    page.wait_for_url("**/connections/*")
    picture("connected")
    return page.url


def test_a_person_connects_sees_data_arrive_authenticates_again_and_disconnects(page, terminals, picture):
    """Cancel, connect, see data arrive, rename, see an edit arrive, authenticate again, disconnect: as the README says,
    in two terminals and a browser."""
    emulator, backend = terminals
    address = connected(page, backend, picture)
    id = address.rpartition("/")[2]
    until(page, "#state.healthy", address)
    until(page, "a[href$='/data/bills']", address)
    assert page.inner_text("#synced").endswith(" UTC")
    picture("data_arrives")
    page.fill("#rename input", "The books of Ada")
    page.click("#rename button")
    page.wait_for_selector("h1:has-text('The books of Ada')")
    picture("renamed")
    until(page, "tbody tr:nth-child(6)", f"{address}/data/bills")
    picture("data")
    rows = httpx.get(f"{address}/data/vendors").json()["rows"]
    edit = {"vendor_name": "Edited on the platform"}
    httpx.patch(f"{emulator}/_emulator/platform/{id}/vendors/{rows[0]['id']}", json=edit).raise_for_status()
    until(page, "text=Edited on the platform", f"{address}/data/vendors")
    picture("an_edit_arrives")
    state = {"id": id, "status": "needs_reauth"}
    httpx.post(f"{emulator}/_emulator/connection_state", json=state).raise_for_status()
    until(page, "#again", address)
    picture("needs_reauthentication")
    page.click("#again")
    page.click("#connect")
    page.wait_for_selector("text=You can close this page")
    until(page, "#state.healthy", address)
    picture("authenticated_again")
    page.on("dialog", lambda dialog: dialog.accept())
    page.click("#disconnect")
    page.wait_for_url(backend + "/")
    page.wait_for_selector("text=None yet.")
    picture("disconnected")
