"""The curl line that repeats an exchange."""

import shlex
import subprocess
from typing import Any

from harness.report.curl import Credentials, curl_line

CASE = "errors/auth/QUICKBOOKS/bills"


def words(line: str, **variables: str) -> list[str]:
    """What a shell makes of the line: the arguments after `curl`."""
    script = "curl() { printf '%s\\0' \"$@\"; }; " + line
    done = subprocess.run(  # noqa: S603 - our own interpreter or shell on text of this test
        ["/bin/sh", "-c", script], env=variables, capture_output=True, text=True, check=True
    )
    return done.stdout.split("\0")[:-1]


def test_the_line_repeats_the_request_with_variables(run: Any) -> None:
    """A shell that knows the variables sends the same method, address, headers and body again."""
    body = {"bill": {"memo": 'it\'s $HOME `id` "x" \\ 名'}}
    item = run.exchange(
        CASE, method="POST", query="?access_token=access-sandbox-5e1f-topsecret&expand=a%20b%26c", body=body
    )
    variables = {
        "RUTTER_CLIENT_ID": "me",
        "RUTTER_CLIENT_SECRET": "pw",
        "RUTTER_ACCESS_TOKEN_QUICKBOOKS": "the-token",
    }
    sent = words(curl_line(item), **variables)
    assert sent[:3] == ["-sS", "-X", "POST"]
    assert sent[sent.index("-u") + 1] == "me:pw"
    assert "x-rutter-version: 2024-08-31" in sent
    assert sent[sent.index("--data-binary") + 1] == '{"bill": {"memo": "it\'s $HOME `id` \\"x\\" \\\\ 名"}}'
    assert "https://api.example.test/versioned/accounting/bills?expand=a%20b%26c&access_token=the-token" in sent, (
        "the address keeps its parameters, encoded"
    )


def test_a_hostile_path_stays_one_word(run: Any) -> None:
    """Quotes, spaces and semicolons of a path cannot become shell commands."""
    item = run.exchange(CASE, path="/accounting/bills/x';touch%20/tmp/owned;'")
    line = curl_line(item)
    assert len(shlex.split(line)) == len(words(line)) + 1
    assert [word for word in words(line) if word.startswith("https://api.example.test/")]
    assert "touch" not in words(line)


def test_wrong_credentials_stay_wrong(run: Any) -> None:
    """A credential that was sent to see it refused is not replaced by the right one; one left out stays left out."""
    credentials = Credentials()
    for _ in range(3):
        credentials.learn(run.exchange(CASE))
    credentials.learn(run.exchange(CASE, platform="XERO", query="?access_token=access-sandbox-of-xero"))
    wrong = run.exchange(CASE, query="?access_token=access-sandbox-wrong", basic="Basic d3Jvbmc6d3Jvbmc=")
    foreign = run.exchange(CASE, query="?access_token=access-sandbox-of-xero")
    without = run.exchange(CASE, query="?limit=1")
    assert "-u 'wrong:wrong'" in curl_line(wrong, credentials)
    assert "access_token='wrong-access-token" in curl_line(wrong, credentials)
    assert "$RUTTER_ACCESS_TOKEN_XERO" in curl_line(foreign, credentials)
    assert "access_token" not in curl_line(without, credentials)
