"""`golive run` from end to end, as a person types it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.emulator import EmulatorProcess, EmulatorSettings
from suites.selftest.run.distorting import distorting

ROOT = Path(__file__).resolve().parents[3]
SMALL = ("--platform", "QUICKBOOKS", "--resource", "payment_terms")


def golive(*arguments: str, environment: dict[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    """Run golive in a process of its own."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("RUTTER_", "PYTEST_"))}
    return subprocess.run(  # noqa: S603 - our own interpreter on our own arguments
        [sys.executable, "-m", "harness.cli", "run", *arguments],
        cwd=ROOT, env=clean | (environment or {}), capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def report(folder: Path) -> dict:
    """The report that a run wrote."""
    return json.loads((folder / "report.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A small run with two workers that starts its own emulator: how it ended, and its folder."""
    folder = tmp_path_factory.mktemp("own")
    return golive(*SMALL, "--out", str(folder), "--workers", "2"), folder


@pytest.fixture(scope="module")
def by_url(emulator, tmp_path_factory):
    """The same run with --target URL, with two workers, and then with one on what the first left: each with its
    folder."""
    runs = []
    for workers in ("2", "1"):
        folder = tmp_path_factory.mktemp("by_url")
        ended = golive("--target", emulator.base_url, *SMALL, "--rate", "off", "--out", str(folder),
                       "--workers", workers, environment=emulator.environment())  # fmt: skip
        runs.append((ended, folder))
    return runs


WITH_BACKEND = ("--platform", "QUICKBOOKS", "--select", "errors", "--select", "config",
                "--select", "backend.webhooks.forged", "--workers", "1")  # fmt: skip


@pytest.fixture(scope="module")
def backend_by_url(emulator, tmp_path_factory):
    """A run with a backend beside the emulator of an address: the folder."""
    folder = tmp_path_factory.mktemp("backend_by_url")
    golive("--target", emulator.base_url, *WITH_BACKEND, "--rate", "off", "--out", str(folder),
           environment=emulator.environment())  # fmt: skip
    return folder


def test_the_clean_emulator_is_go(own):
    """A small run against the emulator is go, exits 0, and writes every file of a report."""
    ended, folder = own
    assert (ended.returncode, ended.stderr.count("Traceback")) == (0, 0), ended.stderr[-2000:]
    found = report(folder)
    assert found["verdict"]["verdict"] == "go"
    assert found["verdict"]["strength"] == "emulated"
    assert found["counts"]["passed"] == found["counts"]["cases"] > 30
    names = {path.name for path in folder.iterdir()}
    assert {"report.html", "junit.xml", "evidence.ndjson", "allure-results", "summary.txt"} <= names
    assert len(list((folder / "allure-results").glob("*-result.json"))) == found["counts"]["cases"]
    assert f"{found['counts']['cases']} of {found['counts']['cases']} cases" in ended.stderr


def test_one_process_alone_proves_statements_that_move_with_the_books(tmp_path):
    """Statements are computed from documents that the run itself writes: that they moved is no finding."""
    ended = golive("--workers", "1", "--platform", "QUICKBOOKS", "--resource", "bills", "--resource", "balance_sheets",
                   "--select", "fields", "--select", "idempotency", "--select", "queries",
                   "--out", str(tmp_path))  # fmt: skip
    assert (ended.returncode, report(tmp_path)["findings"]) == (0, [])


def test_a_defect_is_no_go(tmp_path):
    """A run against a defective emulator is no_go, exits 1, and names resource, field and check."""
    ended = golive("--platform", "XERO", "--resource", "bills", "--select", "dates", "--defect", "day_early",
                   "--workers", "1", "--out", str(tmp_path))  # fmt: skip
    assert ended.returncode == 1
    findings = {(item["resource"], item["field"], item["check"]) for item in report(tmp_path)["findings"]}
    assert ("bills", "issue_date", "dates.round_trip") in findings


def test_a_url_gives_the_same_cases_and_verdict_again_and_again(own, by_url):
    """The same run with --target URL has the same cases and verdict, also a second time on what the first left."""
    cases = [case["id"] for case in report(own[1])["cases"]]
    for ended, folder in by_url:
        assert ended.returncode == 0, ended.stdout[-2000:]
        assert [case["id"] for case in report(folder)["cases"]] == cases


def test_a_url_is_left_as_it_was_found(by_url):
    """What a run created is deleted again where the platform allows it, by each of its workers."""
    assert [report(folder)["left_behind"] for _, folder in by_url] == [[], []]


def test_an_emulator_by_url_has_the_cases_of_the_backend_too(backend_by_url, tmp_path):
    """Which emulator is meant changes nothing of what is proven: the reference backend is judged beside both."""
    golive(*WITH_BACKEND, "--out", str(tmp_path))
    own = [case["id"] for case in report(tmp_path)["cases"]]
    assert any(id.startswith("backend/") for id in own)
    found = report(backend_by_url)
    assert [case["id"] for case in found["cases"]] == own
    assert found["verdict"]["verdict"] == "go"


def test_no_secret_is_in_any_file(emulator, backend_by_url, by_url):
    """Neither the client secret nor an access token is in any file that a run writes, with one worker or with two."""
    secrets = [value for name, value in emulator.environment().items() if "TOKEN" in name or "SECRET" in name]
    folders = [backend_by_url, *(folder for _, folder in by_url)]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 30
    for path in files:
        text = path.read_text(encoding="utf-8", errors="replace")
        assert not [name for name in secrets if name in text], path


def test_a_connection_that_is_not_ready_is_inconclusive(tmp_path):
    """Cases on a connection whose initial sync is not done are inconclusive, with the fix, and exit 2."""
    process = EmulatorProcess.start(EmulatorSettings(rate_limit=0))
    try:
        import httpx

        root, environment = process.base_url.removesuffix("/versioned"), process.environment()
        auth = (environment["RUTTER_CLIENT_ID"], environment["RUTTER_CLIENT_SECRET"])
        listed = httpx.get(f"{process.base_url}/connections", auth=auth, headers={"X-Rutter-Version": "2024-08-31"})
        id = next(row["id"] for row in listed.json()["connections"] if row["platform"] == "QUICKBOOKS")
        httpx.post(f"{root}/_emulator/connection_state", json={"id": id, "status": "not_ready"}).raise_for_status()
        ended = golive("--target", process.base_url, *SMALL, "--rate", "off", "--out", str(tmp_path), "--workers", "1",
                       environment=environment)  # fmt: skip
    finally:
        process.stop()
    assert ended.returncode == 2
    assert "not_ready" in ended.stdout


def test_an_unreachable_target_proves_nothing(tmp_path):
    """A target that is not there is one message and exit 4; nothing is proven and nothing is written as proven."""
    ended = golive("--target", "http://127.0.0.1:9/versioned", *SMALL, "--out", str(tmp_path),
                   environment={"RUTTER_CLIENT_ID": "someone", "RUTTER_CLIENT_SECRET": "something"})  # fmt: skip
    assert ended.returncode == 4
    assert "cannot be reached" in ended.stderr
    assert not (tmp_path / "report.json").exists()


@pytest.mark.parametrize(
    ("status", "body", "with_tokens"),
    [
        (200, b'[{"id": "1"}]', True),
        (200, b'[{"id": "1"}]', False),
        (200, b'{"connections": [', False),
        (500, b'{"error_type": "API_ERROR", "error_code": "INTERNAL", "error_message": "no"}', True),
    ],
    ids=["array", "array, without tokens", "cut, without tokens", "refused"],
)
def test_a_malformed_list_of_connections_is_a_finding(emulator, tmp_path, status, body, with_tokens):
    """The API answers, so that it can be judged: what it answers in the beginning is no error of the harness."""
    environment = {name: value for name, value in emulator.environment().items() if with_tokens or "TOKEN" not in name}
    with distorting(emulator.base_url, "/connections", lambda *_: (status, body)) as url:
        ended = golive("--target", url, *SMALL, "--select", "fields", "--rate", "off", "--backend", "none",
                       "--workers", "1", "--out", str(tmp_path), environment=environment)  # fmt: skip
    assert ended.returncode == 1, ended.stderr[-2000:]
    found = report(tmp_path)
    assert found["errors"] == []
    assert ("config.schema", "connections") in {(item["check"], item["resource"]) for item in found["findings"]}
    assert with_tokens == bool(found["counts"]["passed"])


def test_a_target_that_dies_in_the_middle_is_blamed_for_nothing(tmp_path):
    """What was never asked was never answered wrongly: no finding, no verdict against it, but an error of the run."""
    process = EmulatorProcess.start(EmulatorSettings(rate_limit=0))
    chosen = ("--platform", "QUICKBOOKS", "--resource", "bills", "--workers", "2", "--rate", "off")
    command = [sys.executable, "-m", "harness.cli", "run", "--target", process.base_url, *chosen, "--out", tmp_path]
    environment = os.environ | process.environment()
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE,  # noqa: S603 - our own interpreter
                          text=True) as run:  # fmt: skip
        while " % " not in (line := run.stderr.readline()):
            assert line, "the run ended before it had progressed"
        os.kill(process.pid, signal.SIGKILL)
        told, _ = run.communicate(timeout=120)
    process.stop()
    found = report(tmp_path)
    assert (run.returncode, found["verdict"]["verdict"], found["findings"]) == (4, "inconclusive", [])
    assert found["counts"]["passed"] > 0 < found["counts"]["error"]
    assert "could not be reached any more" in " ".join(told.split())


def test_a_read_only_list_that_is_wrong_once_is_noticed(emulator, tmp_path):
    """Only what the API computes from writes to others may differ until it is read again."""
    wrong = []

    def change(query, content):
        if "force_fetch" in query and not wrong:
            wrong.append(query)
            content = content.replace(b'"name":"', b'"name":"Not ', 1)
        return 200, content

    with distorting(emulator.base_url, "/accounting/locations", change) as url:
        ended = golive("--target", url, "--platform", "NETSUITE", "--resource", "locations", "--select", "queries",
                       "--rate", "off", "--backend", "none", "--workers", "1", "--out", str(tmp_path),
                       environment=emulator.environment())  # fmt: skip
    assert (len(wrong), ended.returncode) == (1, 1), ended.stderr[-2000:]
    named = {(item["check"], item["resource"], item["field"]) for item in report(tmp_path)["findings"]}
    assert ("queries.force_fetch", "locations", "name") in named
