"""The reference backend's pages in a real Chromium, with the real browser package and the double's Link.

The package comes by `make browser-packages`, Chromium from the system; without them these tests are skipped.
Screenshots are kept in `golive-report/browser/`.
"""

import shutil
from pathlib import Path

import httpx
import pytest

from harness.backend import BackendProcess, BackendSettings
from harness.backend.vault import new_key
from harness.core import Secret
from harness.emulator import EmulatorProcess, EmulatorSettings

ROOT = Path(__file__).resolve().parents[3]
BUNDLE = ROOT / "suites/selftest/emulator/browser/node_modules/@rutter/rutter-link/dist/bundle.js"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture
def page():
    """A page of a fresh browser."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    if not BUNDLE.is_file():
        pytest.skip("the browser packages are not here: make browser-packages")
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser.new_context().new_page()
        browser.close()


@pytest.fixture
def double():
    """An emulator in its own time."""
    process = EmulatorProcess.start(
        EmulatorSettings(rate_limit=0, connections=("QUICKBOOKS",), linked_books="seeded", initial_batch_seconds=0.05)
    )
    yield process
    process.stop()


@pytest.fixture
def backend(double, tmp_path):
    """A backend whose Connect button opens the double's popup."""
    environment = double.environment()
    process = BackendProcess.start(
        BackendSettings(
            base_url=double.base_url, client_id=environment["RUTTER_CLIENT_ID"],
            client_secret=Secret(environment["RUTTER_CLIENT_SECRET"]), vault_keys=(Secret(new_key()),),
            database=f"sqlite:///{tmp_path / 'backend.sqlite3'}", rate="off", idle_seconds=0.02,
            public_key=environment["RUTTER_PUBLIC_KEY"], link_url=double.base_url.removesuffix("/versioned"),
            link_script=str(BUNDLE),
        )
    )  # fmt: skip
    yield process
    process.stop()


@pytest.fixture
def picture(page):
    """`picture("connected")` keeps what the page shows."""
    folder = ROOT / "golive-report" / "browser"
    folder.mkdir(parents=True, exist_ok=True)
    return lambda name: page.screenshot(path=folder / f"{name}.png")


def popup_of(page):
    """Click Connect; the popup that opens."""
    with page.expect_popup() as opened:
        page.click("#connect")
    return opened.value


def until(page, selector, url):
    """Load a page again and again until it shows something; it is data that arrives meanwhile."""
    for _ in range(200):
        page.goto(url)
        if page.locator(selector).count():
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"{selector} never came at {url}")


def test_a_person_connects_sees_data_arrive_and_disconnects(page, backend, picture):
    """Cancel leaves nothing; Connect makes a connection whose data arrives; disconnecting removes it."""
    page.goto(backend.url)
    popup = popup_of(page)
    popup.click("#cancel")
    page.wait_for_selector("text=Not connected.")
    picture("cancelled")
    popup = popup_of(page)
    popup.select_option("#platform", "XERO")
    popup.click("#connect")
    page.wait_for_url("**/connections/*")
    address = page.url
    picture("connected")
    until(page, "#state.healthy", address)
    until(page, "a[href$='/data/bills']", address)
    assert page.inner_text("#synced").endswith(" UTC")
    picture("data_arrives")
    page.fill("#rename input", "The books of Ada")
    page.click("#rename button")
    page.wait_for_selector("h1:has-text('The books of Ada')")
    picture("renamed")
    page.click("a[href$='/data/bills']")
    assert page.locator("tbody tr").count() > 5
    picture("data")
    page.goto(address)
    page.on("dialog", lambda dialog: dialog.accept())
    page.click("#disconnect")
    page.wait_for_url(backend.url + "/")
    page.wait_for_selector("text=None yet.")
    picture("disconnected")


def test_a_person_authenticates_again(page, backend, double, picture):
    """A connection that needs re-authentication shows its link; after it the page says healthy again."""
    page.goto(backend.url)
    popup = popup_of(page)
    popup.select_option("#platform", "QUICKBOOKS")
    popup.click("#connect")
    page.wait_for_url("**/connections/*")
    address = page.url
    until(page, "#state.healthy", address)
    root = double.base_url.removesuffix("/versioned")
    state = {"id": address.rpartition("/")[2], "status": "needs_reauth"}
    httpx.post(f"{root}/_emulator/connection_state", json=state).raise_for_status()
    page.click("text=Sync now")
    until(page, "#again", address)
    picture("needs_reauthentication")
    page.click("#again")
    page.click("#connect")
    page.wait_for_selector("text=You can close this page")
    page.goto(address)
    page.click("text=Sync now")
    until(page, "#state.healthy", address)
    picture("authenticated_again")
