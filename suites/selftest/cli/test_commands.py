"""Arguments in, one message and an exit status out."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.cli.boundary import run
from harness.cli.crash import describe
from harness.core import CaseOutcome
from harness.exit_status import ExitStatus

PASSED, FINDINGS = CaseOutcome.PASSED, CaseOutcome.FINDINGS
INCONCLUSIVE, ERROR = CaseOutcome.INCONCLUSIVE, CaseOutcome.ERROR
GOLIVE = Path(sys.executable).with_name("golive")


def golive(*arguments: str, folder: Path | None = None, **environment: str) -> "subprocess.CompletedProcess[str]":
    """The real console script, as a process."""
    return subprocess.run(  # noqa: S603 - our own console script
        [str(GOLIVE), *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("made", "status"),
    [
        ({"outcome": PASSED}, 0),
        ({"outcome": FINDINGS, "blocked": True}, 1),
        ({"outcome": INCONCLUSIVE}, 2),
        ({"outcome": ERROR}, 4),
        ({"outcome": PASSED, "ended": False}, 4),
        ({"outcome": PASSED, "interrupted": True}, 130),
        ({"outcome": FINDINGS, "blocked": True, "interrupted": True}, 130),
    ],
    ids=["go", "no_go", "inconclusive", "error", "died", "interrupted", "interrupted no_go"],
)
def test_the_exit_code_is_that_of_the_verdict(
    finished_run: Callable[..., Path], capsys: Any, made: dict[str, Any], status: int
) -> None:
    """`golive report` folds a run again, prints its summary, and ends with the code of its verdict."""
    directory = finished_run(**made)
    assert run(["report", str(directory)]) == status
    out = capsys.readouterr().out
    assert out.strip().startswith(("GO", "NO GO", "INCONCLUSIVE"))
    assert str(directory / "report.html") in out
    assert json.loads((directory / "report.json").read_text())["verdict"]["exit_status"] == status


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["chekcs"], ['"chekcs"', '"checks"']),
        (["run", "--taget", "x"], ["--taget", "--target", "golive run --help"]),
        (["run", "--workers", "many"], ["many", "auto"]),
        (["run", "--rate", "fast"], ["fast", "500/10s"]),
        (["run", "--defect", "x", "--target", "sandbox"], ["--defect", "emulator"]),
        (["run", "--emulator-option", "x"], ["NAME=VALUE"]),
        (["emulator", "--rate-limit", "0/1s"], ["0/1s", "500/10s"]),
        (["emulator", "--port", "99999"], ["99999"]),
        (["explain", "nope"], ['"nope"']),
        (["checks", "--area", "nope"], ['"nope"']),
        (["contract", "show", "blls"], ['"blls"', '"bills"']),
        (["plan", "cases", "--platform", "XEROX"], ['"XEROX"', '"XERO"']),
        (["doctor", "--target", "nowhere"], ['"nowhere"']),
    ],
    ids=lambda value: " ".join(value) if value and value[0].islower() else "",
)
def test_wrong_use_is_one_message_with_the_right_word(capsys: Any, arguments: list[str], words: list[str]) -> None:
    """A wrong argument gives exit status 3 and one line on standard error: what was found and what is allowed."""
    assert run(arguments) is ExitStatus.WRONG_USE
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("golive: ")
    assert captured.err.count("\n") == 1
    assert [word for word in words if word not in captured.err] == []


def test_a_broken_plan_is_refused_with_file_and_line(tmp_path: Path, capsys: Any) -> None:
    """Nothing starts when a plan is wrong: file, line and the nearest right word, exit status 3."""
    plan = tmp_path / "bills.yaml"
    plan.write_text("plan: bills\ntitle: Bills\nplatforms: [XERO]\nresources:\n  bils: {}\n")
    for arguments in (["plan", "check", str(plan)], ["run", str(plan), "--out", str(tmp_path / "out")]):
        assert run(arguments) is ExitStatus.WRONG_USE
        message = capsys.readouterr().err
        assert f"{plan}:5" in message
        assert '"bills"' in message
    assert not (tmp_path / "out").exists()


def test_a_directory_that_is_no_run_is_named(tmp_path: Path, capsys: Any) -> None:
    """`golive report` and `golive cleanup` on any other directory say what is missing, exit status 4."""
    for command in ("report", "cleanup"):
        assert run([command, str(tmp_path)]) is ExitStatus.HARNESS_ERROR
        assert "run.json" in capsys.readouterr().err


def test_a_missing_credential_is_named_and_never_shown(tmp_path: Path) -> None:
    """`golive doctor` says which setting is missing and how to set it; the one that is set does not show."""
    done = golive(
        *("doctor", "--target", "sandbox"), folder=tmp_path, RUTTER_CLIENT_ID="my-client-id", RUTTER_CLIENT_SECRET=""
    )
    assert done.returncode == 3
    assert done.stdout.startswith("problem")
    assert "RUTTER_CLIENT_SECRET" in done.stdout
    assert "my-client-id" not in done.stdout + done.stderr


def test_an_unreachable_target_is_a_problem_of_the_harness(tmp_path: Path) -> None:
    """`golive doctor` against a port where nobody listens says so on one line, exit status 4."""
    done = golive(
        *("doctor", "--target", "http://127.0.0.1:9/versioned"),
        folder=tmp_path,
        RUTTER_CLIENT_ID="id",
        RUTTER_CLIENT_SECRET="secret",
    )
    assert done.returncode == 4
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["ok", "problem"]
    assert "127.0.0.1:9" in done.stdout
    assert done.stderr == ""


def test_an_unexpected_error_is_one_line_and_a_log_without_secrets(monkeypatch: Any) -> None:
    """A bug says its kind and place on one line; the log has the traceback, and no credential of the environment."""
    monkeypatch.setenv("RUTTER_CLIENT_SECRET", "hush-hush-secret")
    with pytest.raises(KeyError) as caught:
        {}["no hush-hush-secret here\nsecond line"]
    message = describe(caught.value)
    assert "\n" not in message
    assert "unexpected KeyError at test_commands.py:" in message
    log = Path(message.rpartition(" ")[2])
    text = log.read_text()
    log.unlink()
    assert "Traceback" in text
    assert "hush-hush" not in text + message


def test_help_is_quick_and_lists_every_command() -> None:
    """`golive --help` imports no engine: neither pydantic, httpx nor pytest."""
    script = (
        "import sys; from harness.cli.boundary import run; run(['--help'])\n"
        "sys.exit(str({'pydantic', 'httpx', 'pytest', 'rich', 'jinja2'} & set(sys.modules) or ''))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)  # noqa: S603 - ours
    assert done.stderr.strip() == ""
    for name in ("run", "doctor", "emulator", "report", "cleanup", "explain", "checks", "plan", "contract"):
        assert f"\n  {name}" in done.stdout


def test_a_small_character_set_is_no_crash(finished_run: Callable[..., Path]) -> None:
    """On a terminal that knows only ASCII the summary is printed with escapes, and a closed pipe is no error."""
    directory = finished_run()
    done = golive("report", str(directory), PYTHONIOENCODING="ascii", PYTHONUTF8="0", LC_ALL="C")
    assert done.returncode == 0
    assert done.stderr == ""
    assert done.stdout.isascii()


def test_output_that_is_no_terminal_has_no_colours(finished_run: Callable[..., Path]) -> None:
    """Into a file or a CI log the summary holds no escape sequence, whatever the terminal variables say."""
    done = golive("report", str(finished_run()), TERM="xterm-256color", COLORTERM="truecolor")
    assert "\x1b" not in done.stdout


def test_every_resource_is_listed(capsys: Any) -> None:
    """`golive contract list` shows resources with their operations, for people and for programs."""
    assert run(["contract", "list", "--json"]) is ExitStatus.GO
    rows = json.loads(capsys.readouterr().out)["resources"]
    assert {"resource": "accounts", "domain": "accounting", "operations": ["list", "create", "get", "update"]} in rows
    assert run(["contract", "list"]) is ExitStatus.GO
    assert len(capsys.readouterr().out.splitlines()) == len(rows)
