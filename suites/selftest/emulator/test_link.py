"""Link with the real browser packages in a real Chromium, against the double's popup.

The packages come by `make browser-packages`, Chromium from the system; without them these tests are skipped.
"""

import json
import shutil
from pathlib import Path

import pytest

BROWSER = Path(__file__).parent / "browser"
MODULES = BROWSER / "node_modules"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SHOP = "http://shop.example"
"""Where the page of the integrator stands; it exists only inside the browser."""

LINK_PAGE = """<!doctype html><title>shop</title><button id="open">Connect</button>
<script src="/bundle.js"></script><script>
window.told = [];
const rutter = Rutter.create({publicKey: "%(key)s", onSuccess: (...all) => told.push(["success", ...all]),
                              onExit: (...all) => told.push(["exit", ...all]) %(more)s});
document.getElementById("open").onclick = () => rutter.open(%(options)s);
</script>"""

REACT_PAGE = """<!doctype html><title>shop</title><div id="root"></div>
<script src="/react.js"></script><script src="/react-dom.js"></script><script src="/react-link.js"></script><script>
window.told = [];
function Shop() {
  const {open, ready} = RutterLink.useRutterLink({publicKey: "%(key)s",
    onSuccess: (...all) => told.push(["success", ...all]), onExit: (...all) => told.push(["exit", ...all])});
  return React.createElement("button", {id: "open", disabled: !ready, onClick: () => open({platform: "XERO"})}, "Go");
}
ReactDOM.createRoot(document.getElementById("root")).render(React.createElement(Shop));
</script>"""

LOADER = """window.RutterLoader = {loadScript: (then) => {
  const script = document.createElement("script");
  script.src = "https://cdn.jsdelivr.net/npm/@rutter/rutter-link@latest"; script.onload = then;
  document.head.appendChild(script); }};"""
"""Stands in for the loader that the React hook fetches from a CDN: it is not among the public packages."""

FILES = {
    "/bundle.js": "@rutter/rutter-link/dist/bundle.js",
    "/npm/@rutter/rutter-link@latest": "@rutter/rutter-link/dist/bundle.js",
    "/react.js": "react/umd/react.production.min.js",
    "/react-dom.js": "react-dom/umd/react-dom.production.min.js",
    "/react-link.js": "react-rutter-link/dist/index.umd.min.js",
}


@pytest.fixture(scope="module")
def chromium():
    """A browser; skipped without one, and without the packages."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    if not (MODULES / "@rutter").is_dir():
        pytest.skip("the browser packages are not here: make browser-packages")
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def double(start):
    """An emulator in its own time: a browser waits for real."""
    return start(frozen=False, connections=("QUICKBOOKS",), linked_books="empty", initial_batch_seconds=0.05)


class Shop:
    """The integrator's page in a browser in which the provider's hosts are the double."""

    def __init__(self, browser, double, stream):
        self.double, self.stream = double, stream
        self.context = browser.new_context()
        self.context.route("**/*", self._route)
        self.html = ""
        self.page = self.context.new_page()

    def _route(self, route):
        """Files from the packages, the provider's hosts from the double, nothing from anywhere else."""
        url = route.request.url
        host, _, rest = url.partition("://")[2].partition("/")
        path = "/" + rest.partition("?")[0]
        if host == "production.rutterapi.com" or (host == "main.realtime.ably.net" and self.stream):
            route.fulfill(response=route.fetch(url=f"{self.double.root}/{rest}"))
        elif host == "cdn.jsdelivr.net" and path.endswith("rutter-link-js@latest"):
            route.fulfill(body=LOADER, content_type="text/javascript")
        elif path in FILES:
            route.fulfill(path=MODULES / FILES[path], content_type="text/javascript")
        elif host == "shop.example" and path == "/":
            route.fulfill(body=self.html, content_type="text/html")
        elif url.startswith(self.double.root):
            route.continue_()
        else:
            route.abort()

    def visit(self, html, options="{}", more=""):
        """Open the integrator's page."""
        key = self.double.environment["RUTTER_PUBLIC_KEY"]
        self.html = html % {"key": key, "options": options, "more": more}
        self.page.goto(SHOP + "/")

    def popup(self):
        """Click the page's button; the popup that opens."""
        with self.page.expect_popup() as opened:
            self.page.click("#open")
        return opened.value

    def told(self, count):
        """The callbacks that the page has got, once there are so many."""
        self.page.wait_for_function(f"window.told.length >= {count}", timeout=15_000)
        return self.page.evaluate("window.told")


@pytest.fixture
def shop(chromium, double):
    """Opens shops: `shop(stream=False)`; they close with the test."""
    made = []

    def opening(*, stream=False):
        made.append(Shop(chromium, double, stream))
        return made[-1]

    yield opening
    for one in made:
        one.context.unroute_all(behavior="ignoreErrors")
        one.context.close()


def exchanged(double, public_token):
    """What the exchange of a public token answers."""
    body = {"client_id": double.auth[0], "secret": double.auth[1], "public_token": public_token}
    answer = double.api("POST", "/item/public_token/exchange", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_connecting_gives_a_token_that_reads_data(shop, double):
    """The unchanged package opens the provider's host; its public token becomes an access token that reads."""
    shop = shop()
    shop.visit(LINK_PAGE)
    popup = shop.popup()
    assert popup.url.startswith("https://production.rutterapi.com/linkstart/sandbox_pk_")
    popup.select_option("#platform", "NETSUITE")
    popup.click("#connect")
    ((kind, token),) = shop.told(1)
    assert kind == "success"
    made = exchanged(double, token)
    assert made["platform"] == "NETSUITE"
    assert double.connection(made["connection_id"])["access_token"] == made["access_token"]


def test_the_package_can_be_pointed_at_the_double(shop, double):
    """With `dev.openUrl` nothing is rerouted: the popup is the double's own page, and a chosen platform is fixed."""
    shop = shop()
    shop.visit(LINK_PAGE, options='{platform: "XERO", autoLoad: true}', more=f', dev: {{openUrl: "{double.root}"}}')
    popup = shop.popup()
    assert popup.url.startswith(double.root)
    ((kind, token),) = shop.told(1)
    assert (kind, exchanged(double, token)["platform"]) == ("success", "XERO")


def test_success_comes_over_both_channels(shop, double):
    """With the stream open onSuccess fires twice with one and the same token. Source: trap 28."""
    shop = shop(stream=True)
    shop.visit(LINK_PAGE, options='{platform: "QUICKBOOKS"}')
    with shop.page.expect_request(lambda request: "/event-stream" in request.url):
        popup = shop.popup()
    popup.click("#connect")
    told = shop.told(2)
    assert told[0] == told[1]
    assert exchanged(double, told[0][1])["connection_id"] == exchanged(double, told[1][1])["connection_id"]


def test_cancelling_exits_without_an_argument(shop):
    """Cancel calls onExit() bare and the package closes the popup. Source: facts 9."""
    shop = shop()
    shop.visit(LINK_PAGE)
    popup = shop.popup()
    with popup.expect_event("close"):
        popup.click("#cancel")
    assert shop.told(1) == [["exit"]]


def test_closing_exits_after_a_while(shop):
    """A popup closed by its user is told as MERCHANT_CLOSED after 40 looks of half a second; the page's clock is moved
    instead of waited for. Source: facts 9."""
    shop = shop()
    shop.page.clock.install()
    shop.visit(LINK_PAGE)
    shop.popup().close()
    shop.page.clock.run_for(19_000)
    assert shop.page.evaluate("window.told") == []
    shop.page.clock.run_for(2_000)
    assert shop.told(1) == [["exit", "MERCHANT_CLOSED"]]


def test_the_react_hook_connects(shop, double):
    """The React package, loaded as from the CDN, opens the popup and hears of success."""
    shop = shop()
    shop.visit(REACT_PAGE)
    shop.page.wait_for_selector("#open:enabled")
    shop.popup().click("#connect")
    ((kind, token),) = shop.told(1)
    assert (kind, exchanged(double, token)["platform"]) == ("success", "XERO")


def test_the_link_url_authenticates_again(shop, double):
    """A connection that needs re-authentication opens its link_url, and is active with id and token unchanged."""
    id, token = double.link("QUICKBOOKS")
    double.own("POST", "connection_state", {"id": id, "status": "needs_reauth"})
    before = double.connection(id)
    page = shop().page
    page.goto(before["link_url"])
    page.click("#connect")
    page.wait_for_selector("text=You can close this page")
    after = double.connection(id)
    assert after["status"] != "needs_reauth"
    assert after["access_token"] == token


def test_the_second_channel_needs_its_own_token(double):
    """Any page may ask for a token, across origins; without one the stream is refused, with it the message comes."""
    preflight = double.http.options(f"{double.process.base_url}/link/websocket/auth")
    assert preflight.headers["access-control-allow-headers"] == "x-rutter-version"
    answer = double.http.get(f"{double.process.base_url}/link/websocket/auth")
    assert answer.headers["access-control-allow-origin"] == "*"
    start = {"nonce": "Ab3dE", "publicKey": double.environment["RUTTER_PUBLIC_KEY"], "platform": "XERO"}
    sent = double.http.post(f"{double.root}/link/connect", json=start).json()["message"]
    query = {"channels": "Ab3dE", "access_token": "wrong"}
    assert double.http.get(f"{double.root}/event-stream", params=query).status_code == 401
    query["access_token"] = answer.json()["token"]
    event = double.http.get(f"{double.root}/event-stream", params=query)
    assert event.headers["content-type"] == "text/event-stream"
    data = next(line for line in event.text.splitlines() if line.startswith("data: "))
    assert json.loads(json.loads(data.removeprefix("data: "))["data"]) == sent


def test_an_unknown_public_key_is_told(shop, double):
    """The popup says so instead of letting someone connect."""
    page = shop().page
    answer = page.goto(f"{double.root}/linkstart/sandbox_pk_wrong?origin=x&nonce=abcde")
    assert answer.status == 401
    assert "public key is not known" in page.content()
