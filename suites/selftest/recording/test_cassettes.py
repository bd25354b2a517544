"""Recorded once by the command, replayed by the command: the same, or an error; never the network."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from harness.cli.boundary import run
from harness.emulator import EmulatorProcess, EmulatorSettings
from harness.emulator.credentials import environment
from harness.pytest_plugin.cassettes import HEADER, ends, seal_of

GOLIVE = Path(sys.executable).with_name("golive")
ROOT = Path(__file__).resolve().parents[3]


def golive(*arguments: str, folder: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """The real console script, as a process."""
    return subprocess.run(  # noqa: S603 - our own console script
        [str(GOLIVE), *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which one small resource was recorded: `cassettes` and the report `then`."""
    folder = tmp_path_factory.mktemp("recorded")
    chosen = ("--platform", "QUICKBOOKS", "--resource", "payment_terms", "--workers", "1")
    done = golive("record", *chosen, "--out", "then", folder=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def told(report: Path) -> Any:
    """Outcome and findings by case."""
    data = json.loads((report / "report.json").read_text())
    return {case["id"]: (case["outcome"], case.get("findings")) for case in data["cases"]}


def test_a_replay_says_what_the_recorded_run_said(recorded: Path, tmp_path: Path) -> None:
    """The replay of a recording has its cases with their outcomes and findings, and is GO."""
    done = golive("replay", str(recorded / "cassettes"), "--workers", "1", "--out", "now", folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert told(tmp_path / "now") == told(recorded / "then") != {}


def test_a_plan_is_replayed_alone(recorded: Path, tmp_path: Path) -> None:
    """`golive replay PLAN` plays what that plan asks for and compares that alone; a plan of which nothing is recorded,
    and two folders, are wrong use."""
    plan, shown = str(ROOT / "plans" / "commerce_orders.yaml"), ("--workers", "1", "--out", "now")
    done = golive("replay", plan, "--from", str(ROOT / "cassettes"), *shown, folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    now = json.loads((tmp_path / "now" / "report.json").read_text())["cases"]
    assert {plan for case in now for plan in case["plans"]} >= {"commerce_orders"}
    assert all("commerce_orders" in case["plans"] for case in now)
    assert f"The same as the recorded run: {len(now)} cases" in done.stdout
    refused = golive("replay", plan, "--from", str(recorded / "cassettes"), *shown, folder=tmp_path)
    assert refused.returncode == 3
    assert golive("replay", "one", "two", folder=tmp_path).returncode == 3


def test_plans_and_cassettes_move_together(tmp_path: Path) -> None:
    """A recorded plan is found again beside the cassettes when both are elsewhere, whatever the current folder is; a
    plan of another name is not in the recording."""
    there, here = tmp_path / "there", tmp_path / "here"
    (there / "plans").mkdir(parents=True)
    text = (ROOT / "plans" / "bank_feeds.yaml").read_text()
    (there / "plans" / "own.yaml").write_text(text.replace("plan: bank_feeds", "plan: own", 1))
    chosen = (
        "--platform",
        "SAGE_INTACCT",
        "--resource",
        "bank_feed_otps",
        "--workers",
        "1",
        "--into",
        "there/cassettes",
    )
    done = golive("record", "there/plans/own.yaml", *chosen, folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    there.rename(here)
    done = golive("replay", str(here / "cassettes"), "--workers", "1", "--out", str(tmp_path / "now"), folder=ROOT)
    assert "The same as the recorded run" in done.stdout, done.stdout + done.stderr
    done = golive("replay", str(ROOT / "plans" / "bank_feeds.yaml"), "--from", "here/cassettes", folder=tmp_path)
    assert done.returncode == 3
    assert 'plan "bank_feeds" is not in' in done.stderr
    assert "which holds own" in done.stderr


def test_what_was_recorded_is_clean_strong_and_true(recorded: Path, tmp_path: Path) -> None:
    """The commands find no secret, no change that would go unnoticed and no drift; a token that is put in is found."""
    folder = recorded / "cassettes"
    for command in ("audit", "strength", "drift"):
        assert run(["cassettes", command, str(folder)]) == 0
    (tmp_path / "note").write_text("access-sandbox-3f6b1c2e-1111-4222-8333-abcdefabcdef")
    assert run(["cassettes", "audit", str(folder), str(tmp_path)]) == 1


def test_a_damaged_file_is_an_error_with_its_line(recorded: Path, tmp_path: Path) -> None:
    """One altered byte makes no case green: the error names the file and the line."""
    shutil.copytree(recorded / "cassettes", tmp_path / "cassettes")
    (file,) = (tmp_path / "cassettes").glob("*/*.cassette")
    text = file.read_bytes()
    place = text.index(b"\n< 200") + 3
    file.write_bytes(text[:place] + b"3" + text[place + 1 :])
    done = golive("replay", "cassettes", "--workers", "1", "--out", "now", folder=tmp_path)
    assert done.returncode == 4
    line = 1 + text.count(b"\n", 0, place)
    found = re.search(rf"{re.escape(file.name)}:(\d+): what stands from here to line (\d+) was altered", done.stderr)
    assert found is not None, done.stdout + done.stderr
    assert int(found[1]) <= line <= int(found[2])
    assert not (tmp_path / "now" / "report.json").exists()


def _resealed(text: bytes) -> bytes:
    """A cassette whose last interaction stands there twice, with seals that are right."""
    whole = text[: text.rindex(b"# end")]
    last = whole[whole.rindex(b"\n> ") + 1 :]
    body, seal = last[: last.rindex(b"\n= ") + 1], blake2b(digest_size=6)
    again = whole + body + b"= " + blake2b(body + last[-17:-1], digest_size=6).hexdigest().encode() + last[-18:]
    seals = re.findall(rb"^= ([0-9a-f]{12})", again, re.MULTILINE)
    for one in seals:
        seal.update(one)
    count = len(re.findall(rb"^= [0-9a-f]{12} [0-9a-f]{16}$", again, re.MULTILINE))
    return again + b"# end %d %s\n" % (count, seal.hexdigest().encode())


def _other_header(folder: Path, *, sealed: bool, **changes: Any) -> None:
    file = folder / HEADER
    header = {**json.loads(file.read_text()), **changes}
    if sealed:
        header |= {"files": ends(folder)}
        header |= {"seal": seal_of(header)}
    file.write_text(json.dumps(header))


def _changed(change: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    return lambda folder: [file.write_bytes(change(file.read_bytes())) for file in folder.glob("*/*.cassette")]


HARMS = {
    "nothing is read": (lambda folder: (folder / HEADER).write_text("{}"), 4, r"cassette\.json:1: it was altered"),
    "a file less": (
        lambda folder: [file.unlink() for file in folder.glob("*/*.cassette")], 4, r"terms\.cassette: cannot read",
    ),
    "a file without its end": (_changed(lambda text: text[:-100]), 4, r"payment_terms\.cassette:\d+: .*truncated"),
    "line ends of another system": (
        _changed(lambda text: text.replace(b"\n", b"\r\n")), 4, r"payment_terms\.cassette:1: its line ends are CRLF",
    ),
    "the marks of a merge": (
        lambda folder: (folder / HEADER).write_text("<<<<<<< HEAD\n" + (folder / HEADER).read_text()), 4,
        r"cassette\.json:1: it is damaged",
    ),
    "a list": (lambda folder: (folder / HEADER).write_text("[]"), 4, r"cassette\.json:1: it was altered"),
    "another day": (lambda folder: _other_header(folder, sealed=False, recorded_on="2020-01-01"), 4, "it was altered"),
    "fewer cases": (lambda folder: _other_header(folder, sealed=False, select=["config"]), 4, "it was altered"),
    "other cases": (
        lambda folder: _other_header(folder, sealed=True, told={"cases": 1, "requests": 1, "odd": {}}), 2,
        "differs from the recorded run[^$]*INCONCLUSIVE, not GO",
    ),
    "a file of another recording": (
        lambda folder: [file.write_bytes(_resealed(file.read_bytes())) for file in folder.glob("*/*.cassette")], 4,
        r"payment_terms\.cassette: it was not recorded with the others",
    ),
    "one more interaction, with right seals": (
        lambda folder: [
            [file.write_bytes(_resealed(file.read_bytes())) for file in folder.glob("*/*.cassette")],
            _other_header(folder, sealed=True),
        ], 2, r"unplayed: [^$]*INCONCLUSIVE, not GO",
    ),
    "a file more": (
        lambda folder: [shutil.copy(file, file.with_name("x.cassette")) for file in folder.glob("*/*.cassette")], 4,
        r"x\.cassette: it was not recorded with the others",
    ),
}  # fmt: skip


@pytest.mark.parametrize("harm", HARMS)
def test_no_altered_folder_is_green(recorded: Path, tmp_path: Path, harm: str) -> None:
    """A folder whose header or files are not those of one recording, or of which not all is asked, is never GO: the
    output says which file, and to record again."""
    do, status, said = HARMS[harm]
    shutil.copytree(recorded / "cassettes", tmp_path / "cassettes")
    do(tmp_path / "cassettes")
    done = golive("replay", "cassettes", "--workers", "1", "--out", "now", folder=tmp_path)
    assert done.returncode == status, done.stdout + done.stderr
    assert re.search(said, done.stdout + done.stderr)
    assert "golive record" in done.stdout + done.stderr or "line ends" in harm
    if status != 4:
        assert json.loads((tmp_path / "now" / "report.json").read_text())["verdict"]["verdict"] == "inconclusive"


def pytest_replays(folder: Path, *more: str, out: Path) -> "subprocess.CompletedProcess[str]":
    """`pytest suites/replay`, as `make replay` runs it, on a folder."""
    idle = [
        part
        for name in ("cacheprovider", "schemathesis", "locust", "anyio", "logging")
        for part in ("-p", f"no:{name}")
    ]
    command = [sys.executable, "-m", "pytest", "suites/replay", "-k", "not test_cassettes", "--assert=plain", *idle]
    return subprocess.run(  # noqa: S603 - our own interpreter
        [*command, "--golive-cassettes", str(folder), "--golive-out", str(out), *more],
        cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


@pytest.mark.parametrize("workers", ["0", "2"])
def test_pytest_fails_on_what_is_recorded_and_not_asked(recorded: Path, tmp_path: Path, workers: str) -> None:
    """`pytest suites/replay` is green on a recording, and red, with the request named, when one interaction more is
    recorded than is asked for; whichever process plays it."""
    if workers == "0":  # with two it is what `make replay` does
        done = pytest_replays(recorded / "cassettes", "-n", workers, out=tmp_path / "now")
        assert done.returncode == 0, done.stdout + done.stderr
    shutil.copytree(recorded / "cassettes", tmp_path / "cassettes")
    do, _, _ = HARMS["one more interaction, with right seals"]
    do(tmp_path / "cassettes")
    done = pytest_replays(tmp_path / "cassettes", "-n", workers, out=tmp_path / "now")
    assert done.returncode == 1, done.stdout + done.stderr
    assert re.search(r"INCONCLUSIVE, not GO: it did not ask for 1 .*/payment_terms", done.stdout)
    assert json.loads((tmp_path / "now" / "report.json").read_text())["verdict"]["verdict"] == "inconclusive"


def test_no_credential_is_in_the_files(recorded: Path) -> None:
    """No secret, id or token of the emulator is in a cassette folder, plain, in base64 or as a basic pair."""
    settings = EmulatorSettings()
    told = environment(settings, "http://cassette.invalid")
    pair = f"{told['RUTTER_CLIENT_ID']}:{told['RUTTER_CLIENT_SECRET']}"
    secrets = [
        pair,
        *(
            text
            for name, text in told.items()
            if name not in {"RUTTER_BASE_URL", "RUTTER_LINK_URL", "RUTTER_PUBLIC_KEY"}
        ),
    ]
    forms = {form for text in secrets for form in (text, quote(text, safe=""), b64encode(text.encode()).decode())}
    files = [file for file in (recorded / "cassettes").rglob("*") if file.is_file()]
    assert len(files) > 1
    assert not [(file, form) for file in files for form in forms if form in file.read_text()]


def heard(report: Path) -> set[str]:
    """The ids of all objects that a run's lists of payment terms showed."""
    lines = [json.loads(line) for line in (report / "evidence.ndjson").read_text().splitlines()]
    return {
        row["id"]
        for item in lines
        if item.get("operation") == "list" and isinstance(item["response_json"], dict)
        for row in item["response_json"].get("payment_terms", [])
    }


@pytest.fixture(scope="module")
def tenants(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which two organisations with a token each were recorded by the command, first A, then B: their
    cassettes in `a` and `b`, what was said in `then-a` and `then-b`."""
    folder = tmp_path_factory.mktemp("tenants")
    for name, seed in (("a", 11), ("b", 12)):
        emulator = EmulatorProcess.start(EmulatorSettings(seed=seed, rate_limit=0, connections=("QUICKBOOKS", "XERO")))
        try:
            done = golive(
                "record", "--target", emulator.base_url, "--resource", "payment_terms", "--platform", "QUICKBOOKS",
                "--workers", "1", "--into", name, "--out", f"then-{name}", folder=folder, **emulator.environment(),
            )  # fmt: skip
        finally:
            emulator.stop()
        assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_a_target_may_be_recorded_again(tmp_path: Path) -> None:
    """The second recording of a target that remembers the first makes up other keys and names, and finds nothing."""
    emulator = EmulatorProcess.start(EmulatorSettings(rate_limit=0, connections=("QUICKBOOKS", "XERO")))
    chosen = ("--resource", "classes", "--platform", "QUICKBOOKS", "--workers", "1", "--out", "then")
    try:
        for name in ("first", "second"):
            done = golive(
                "record", "--target", emulator.base_url, *chosen, "--into", name, folder=tmp_path,
                **emulator.environment(),
            )  # fmt: skip
            assert done.returncode == 0, done.stdout + done.stderr
    finally:
        emulator.stop()
    seeds = {json.loads((tmp_path / name / HEADER).read_text())["seed"] for name in ("first", "second")}
    assert len(seeds) == 2
    assert (tmp_path / "second" / ".gitattributes").read_text().endswith("* -text\n")


def test_a_crash_loses_no_more_than_the_last_interaction(tmp_path: Path, eventually: Any) -> None:
    """A recording that is killed has written nothing to the cassette folder; what was heard until then is recovered,
    whole lines of it, and a replay plays the cases that had ended, but is never GO."""
    command = [str(GOLIVE), "record", "--resource", "vendors", "--platform", "QUICKBOOKS", "--workers", "1"]
    process = subprocess.Popen([*command, "--out", "then"], cwd=tmp_path, stderr=subprocess.DEVNULL)  # noqa: S603 - ours
    journal, cases = (tmp_path / "then" / "workers" / "main" / name for name in ("interactions.ndjson", "cases.ndjson"))
    try:
        assert eventually(lambda: cases.exists() and cases.read_bytes().count(b"\n") > 5)
        child = int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0])
    finally:
        process.kill()
        process.wait()
    os.killpg(child, signal.SIGKILL)
    eventually(lambda: not Path(f"/proc/{child}").exists() or "Z" in Path(f"/proc/{child}/stat").read_text())
    assert [file.name for file in (tmp_path / "cassettes").iterdir()] == [".gitattributes"]
    whole = journal.read_bytes().count(b"\n")
    with journal.open("ab") as file:
        file.write(b'{"group":"QUICKBOOKS:vendors","chap')  # as a crash within a write leaves it
    done = golive("cassettes", "recover", "then", "--into", "kept", folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith(f"{whole} interactions, ")
    done = golive("replay", "kept", "--workers", "1", "--out", "now", folder=tmp_path)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "it was recovered from a recording that did not end; record again: golive record" in done.stdout
    assert {outcome for outcome, _ in told(tmp_path / "now").values()} == {"passed"}
    assert golive("cassettes", "recover", "kept", "--into", "other", folder=tmp_path).returncode == 3


def test_a_folder_that_takes_no_file_is_told_before_the_first_request(tmp_path: Path) -> None:
    """Where nothing can be written nothing is recorded: an error that names the folder, and no case is proven."""
    (tmp_path / "file").write_text("")
    chosen = ("--resource", "classes", "--platform", "QUICKBOOKS", "--workers", "1")
    done = golive("record", *chosen, "--into", "file/cassettes", folder=tmp_path)
    assert done.returncode == 4
    assert re.search(r"file/cassettes: cannot record there: .*Choose another folder with --into", done.stderr)
    assert not (tmp_path / "golive-report" / "report.json").exists()
    (tmp_path / "vcr.yaml").write_text("version: 1\ninteractions: []\n")
    done = golive("cassettes", "import", "vcr.yaml", "--output", "file/x.cassette", folder=tmp_path)
    assert (done.returncode, "file/x.cassette: cannot write: " in done.stderr) == (4, True), done.stderr


def test_what_broke_off_is_replayed(tmp_path: Path) -> None:
    """Requests that got no answer, or half of one, and the look for the target after them, are played like all others:
    the replay says and asks the same."""
    faults = ("drop:route=*/classes*,skip=4,count=2", "truncate:route=*/classes*,method=GET,skip=9,count=1")
    emulator = EmulatorProcess.start(EmulatorSettings(rate_limit=0, connections=("QUICKBOOKS", "XERO"), faults=faults))
    try:
        done = golive(
            "record", "--target", emulator.base_url, "--resource", "classes", "--platform", "QUICKBOOKS",
            "--into", "kept", "--out", "then", folder=tmp_path, **emulator.environment(),
        )  # fmt: skip
    finally:
        emulator.stop()
    texts = [file.read_text() for file in (tmp_path / "kept").rglob("*.cassette")]
    assert sum(text.count("\n< - RemoteProtocolError") for text in texts) == 3, done.stdout + done.stderr
    done = golive("replay", "kept", "--workers", "1", "--out", "now", folder=tmp_path)
    assert "The same as the recorded run: " in done.stdout, done.stdout + done.stderr
    assert "unplayed" not in done.stdout
    assert told(tmp_path / "now") == told(tmp_path / "then") != {}


def test_pseudonyms_are_replayed(tmp_path: Path) -> None:
    """A recording under pseudonyms is played like any other, also one of a target that still has what an earlier one
    made up; who is in the target's data is not in the files."""
    emulator = EmulatorProcess.start(EmulatorSettings(rate_limit=0, connections=("QUICKBOOKS", "XERO")))
    chosen = ("--resource", "vendors", "--platform", "QUICKBOOKS")
    try:
        for name in ("first", "second"):
            done = golive(
                "record", "--target", emulator.base_url, *chosen, "--into", name, "--out", f"then-{name}",
                "--pseudonymise", folder=tmp_path, **emulator.environment(),
            )  # fmt: skip
            assert done.returncode == 0, done.stdout + done.stderr
        token = emulator.environment()["RUTTER_ACCESS_TOKEN_QUICKBOOKS"]
        pair = tuple(emulator.environment()[f"RUTTER_CLIENT_{name}"] for name in ("ID", "SECRET"))
        asked = {"access_token": token, "limit": "50"}
        version = {"x-rutter-version": "2024-08-31"}
        answer = httpx.get(f"{emulator.base_url}/accounting/vendors", params=asked, auth=pair, headers=version)
        rows = answer.json()["vendors"]
    finally:
        emulator.stop()
    for name in ("first", "second"):
        done = golive("replay", name, "--workers", "1", "--out", f"now-{name}", folder=tmp_path)
        assert "The same as the recorded run: " in done.stdout, done.stdout + done.stderr
        assert told(tmp_path / f"now-{name}") == told(tmp_path / f"then-{name}")
    people = {row["email"] for row in rows if row["email"] and "+ap@" not in row["email"]}
    assert len(people) > 3
    texts = [file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()]
    assert [email for email in people for text in texts if email.encode() in text] == []


def test_tenants_recorded_as_a_and_b_are_replayed_as_b_and_a(tenants: Path, tmp_path: Path) -> None:
    """Two tenants recorded by the command one after the other and replayed in the other order hear their own data, all
    of it, and nothing of each other; no token or secret of either is in any file."""
    for name in ("b", "a"):
        done = golive("replay", str(tenants / name), "--workers", "1", "--out", f"now-{name}", folder=tmp_path)
        assert "The same as the recorded run: " in done.stdout, done.stdout + done.stderr
        assert told(tmp_path / f"now-{name}") == told(tenants / f"then-{name}")
    one, two = heard(tmp_path / "now-a"), heard(tmp_path / "now-b")
    assert (one, two) == (heard(tenants / "then-a"), heard(tenants / "then-b"))
    assert one
    assert two
    assert not one & two
    worlds = [EmulatorSettings(seed=seed, connections=("QUICKBOOKS", "XERO")) for seed in (11, 12)]
    told_to = [environment(world, "http://cassette.invalid") for world in worlds]
    secrets = {
        value for told in told_to for name, value in told.items() if name.startswith(("RUTTER_ACCESS", "RUTTER_CLIENT"))
    }
    assert len(secrets) == 8
    files = [file for place in (tenants, tmp_path) for file in place.rglob("*") if file.is_file()]
    assert [(file, secret) for file in files for secret in secrets if secret.encode() in file.read_bytes()] == []


def test_a_tenant_never_gets_anothers_cassette(tenants: Path, tmp_path: Path) -> None:
    """The cassettes of A under the header of B, with seals that are right, are no data of B: an error that names the
    request."""
    shutil.copytree(tenants / "a", tmp_path / "mixed")
    shutil.copy(tenants / "b" / HEADER, tmp_path / "mixed" / HEADER)
    _other_header(tmp_path / "mixed", sealed=True)
    done = golive("replay", "mixed", "--workers", "1", "--out", "now", folder=tmp_path)
    assert done.returncode == 4, done.stdout + done.stderr
    assert re.search(r"was not recorded. The nearest is .*access_token", (tmp_path / "now" / "report.json").read_text())
