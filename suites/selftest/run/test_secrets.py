"""No secret comes out of a run: not into its report, its cassettes, its logs, or what pytest prints of a failure."""

import json
import os
import subprocess
import sys
from pathlib import Path

from suites.selftest.run.echoing import echoing, spellings

ROOT = Path(__file__).resolve().parents[3]
CHOSEN = ("--platform", "QUICKBOOKS", "--resource", "payment_terms", "--select", "queries", "--select", "errors")
MADE_IN = ("TOKEN", "CLIENT")


def started(emulator, folder, *arguments):
    """A process of golive or pytest in a folder of its own: what it printed goes into files there."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("RUTTER_", "PYTEST_"))}
    (folder / "tmp").mkdir(exist_ok=True)
    ended = subprocess.run(  # noqa: S603 - our own interpreter on our own arguments
        [sys.executable, "-m", *map(str, arguments)],
        cwd=ROOT, env=clean | emulator.environment() | {"TMPDIR": str(folder / "tmp"), "COLUMNS": "400"},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    (folder / f"printed-{len(list(folder.glob('printed-*')))}.txt").write_text(ended.stdout + ended.stderr)
    return ended


def copies(emulator, folder):
    """(file, spelling) of each secret of the emulator that is in a file, or a file's name, under a folder."""
    secrets = {value for name, value in emulator.environment().items() if any(part in name for part in MADE_IN)}
    wanted = {}
    for secret in secrets:
        for number, said in enumerate(spellings(secret)):
            escaped = json.dumps(said)[1:-1]
            wanted |= {form.encode(): number for form in (said, escaped, json.dumps(escaped)[1:-1])}
    found = [(path, None) for path in folder.rglob("*") if any(secret in path.name for secret in secrets)]
    for path in (path for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        found += [(path, number) for form, number in wanted.items() if form in content]
    return found


def test_what_an_api_repeats_is_in_no_cassette_and_no_report(emulator, tmp_path):
    """An API that repeats credentials in headers, bodies, errors and cursors is recorded, played and reported without
    one; its cursors are followed all the same, so that nothing is found wrong with them."""
    with echoing(emulator.base_url) as url:
        recorded = started(emulator, tmp_path, "harness.cli", "record", "--target", url, *CHOSEN,
                           "--into", tmp_path / "cassettes", "--out", tmp_path / "recorded")  # fmt: skip
    played = started(emulator, tmp_path, "harness.cli", "replay", tmp_path / "cassettes",
                     "--out", tmp_path / "played")  # fmt: skip
    assert "The same as the recorded run" in played.stdout, recorded.stderr[-2000:] + played.stdout[-2000:]
    report = json.loads((tmp_path / "recorded" / "report.json").read_text())
    assert {item["check"] for item in report["findings"]} <= {"queries.expand"}
    assert report["errors"] == []
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) > 20
    assert copies(emulator, tmp_path) == []


def test_what_pytest_shows_of_a_failure_holds_no_secret(emulator, tmp_path):
    """The debug logs of all libraries, tracebacks with local variables, the JUnit file and pytest's cache of a run
    against a gateway that repeats credentials in its pages and breaks off answers hold none."""
    with echoing(emulator.base_url, broken=True) as url:
        ended = started(
            emulator, tmp_path, "pytest", "suites/golive", "--golive-target", url, "--golive-out", tmp_path / "out",
            "--golive-platform", "QUICKBOOKS", "--golive-resource", "payment_terms", "--golive-select", "errors",
            "--log-level=DEBUG", f"--log-file={tmp_path / 'log.txt'}", "--tb=long", "--showlocals", "-vv",
            f"--junitxml={tmp_path / 'pytest.xml'}", "-o", f"cache_dir={tmp_path / 'cache'}",
        )  # fmt: skip
    assert ended.returncode == 1, ended.stdout[-2000:]
    assert "access_token" in (tmp_path / "log.txt").read_text()
    assert copies(emulator, tmp_path) == []


def test_what_pytest_shows_of_a_crash_holds_no_secret(emulator, tmp_path):
    """A bug of the harness that has secrets in its message, in variables of its frames and in what it printed and
    logged shows none: not on the terminal, not in the JUnit file, not in the report."""
    ended = started(
        emulator, tmp_path, "pytest", "suites/golive", "-p", "suites.selftest.run.crashing",
        "--golive-target", emulator.base_url, "--golive-out", tmp_path / "out", "--golive-platform", "QUICKBOOKS",
        "--golive-resource", "payment_terms", "--golive-select", "fields", "--log-level=DEBUG", "--tb=long",
        "--showlocals", "-vv", f"--junitxml={tmp_path / 'pytest.xml'}", "-o", f"cache_dir={tmp_path / 'cache'}",
        "-o", "junit_logging=all",
    )  # fmt: skip
    assert ended.returncode == 1, ended.stdout[-2000:]
    assert "the target refuses {{access_token:" in ended.stdout
    assert "sent = {" in ended.stdout
    assert copies(emulator, tmp_path) == []
