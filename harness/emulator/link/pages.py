"""The pages of the popup. Plain HTML with one small script, nothing from elsewhere."""

import json
from collections.abc import Mapping, Sequence
from html import escape
from string import Template

PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 34rem; padding: 0 1rem; color: #1c2733; }
button, select { font: inherit; padding: .5rem 1rem; margin: .25rem .5rem .25rem 0; }
[role=status] { min-height: 1.5em; }
small { color: #556; }
</style>
</head>
<body>
<main>
<h1>$title</h1>
$content
<p role="status" id="told"></p>
<p><small>golive emulator: nothing leaves this machine, and no real account is asked for.</small></p>
</main>
<script>
const told = document.getElementById("told");
function tell(message) {
  if (window.opener) window.opener.postMessage(JSON.stringify(message), $origin);
}
async function send(path, body) {
  const answer = await fetch(path, {method: "POST", headers: {"Content-Type": "application/json"},
                                    body: JSON.stringify(body)});
  const found = await answer.json();
  if (!answer.ok) throw new Error(found.error_message);
  return found;
}
$script
</script>
</body>
</html>
""")

CHOOSE = Template("""const start = $start;
const field = document.getElementById("platform");
async function connect() {
  try {
    const made = await send("/link/connect", {...start, platform: field.value});
    told.textContent = "Connected.";
    if (made.post) tell(made.message);
  } catch (error) { told.textContent = error.message; }
}
document.getElementById("connect").onclick = connect;
document.getElementById("cancel").onclick = () => tell({nonce: start.nonce, type: "EXIT"});
document.getElementById("fail").onclick = async () => {
  try {
    await send("/link/fail", {...start, platform: field.value});
    told.textContent = "The platform refused the connection. Try again or cancel.";
  } catch (error) { told.textContent = error.message; }
};
if (start.autoLoad) connect();
""")

AGAIN = Template("""const field = document.getElementById("platform");
document.getElementById("connect").onclick = async () => {
  try {
    await send("/link/authenticate", {connection: $connection, platform: field.value});
    told.textContent = "Connected. You can close this page.";
  } catch (error) { told.textContent = error.message; }
};
""")


def choosing(platforms: Sequence[str], chosen: str | None, start: Mapping[str, object], origin: str) -> str:
    """The popup that `open()` shows: a platform to choose, unless it is chosen already; connect, cancel, fail.
    `start` are the parameters of the popup, `origin` the page that gets its messages."""
    content = (_field(platforms, chosen)
               + '<button id="connect">Connect</button><button id="cancel">Cancel</button>'
                 '<button id="fail">Let the platform refuse</button>')  # fmt: skip
    script = CHOOSE.substitute(start=_script(start))
    return PAGE.substitute(title="Connect your platform", content=content, script=script, origin=_script(origin))


def authenticating(platforms: Sequence[str], connection: str, platform: str | None) -> str:
    """The page of a `link_url`: authenticate again, or for the first time with a platform to choose."""
    content = _field(platforms, platform) + '<button id="connect">Authenticate</button>'
    script = AGAIN.substitute(connection=_script(connection))
    return PAGE.substitute(title="Authenticate", content=content, script=script, origin=_script("*"))


def refusing(reason: str) -> str:
    """A page that says why there is nothing to connect."""
    return PAGE.substitute(title="Link cannot open", content=f"<p>{escape(reason)}</p>", script="",
                           origin=_script("*"))  # fmt: skip


def _field(platforms: Sequence[str], chosen: str | None) -> str:
    shown = [chosen] if chosen is not None else platforms
    options = "".join(f'<option value="{escape(name)}">{escape(name)}</option>' for name in shown)
    return f'<p><label for="platform">Platform</label> <select id="platform">{options}</select></p>'


def _script(value: object) -> str:
    """A value as a literal inside a script element: no text in it can end the element."""
    return json.dumps(value).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
