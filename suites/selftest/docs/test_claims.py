"""Claims in prose, held against the code."""

import re
from pathlib import Path

import click
import pytest
import yaml

from harness.checks import all_checks
from harness.cli.app import app
from harness.exit_status import ExitStatus

ROOT = Path(__file__).resolve().parents[3]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCS = [README, *((ROOT / name).read_text(encoding="utf-8") for name in ("ARCHITECTURE.md", "CHANGELOG.md"))]


def test_the_readme_lists_every_exit_code():
    """The table of exit codes is that of the code."""
    table = README.partition("## Exit codes")[2].partition("##")[0]
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)} == {
        int(code) for code in ExitStatus
    }


def test_every_check_in_the_docs_exists():
    """A check id that a document names is in the registry."""
    areas = "|".join(sorted({check.partition(".")[0] for check in all_checks()}))
    named = {name for text in DOCS for name in re.findall(rf"`((?:{areas})\.[a-z_]+)`", text)}
    assert named <= set(all_checks())


@pytest.mark.parametrize("line", sorted(set(re.findall(r"\$ \.venv/bin/golive (.+)", README))))
def test_every_command_of_the_readme_parses(line):
    """A golive command in the README exists, with the options that it is shown with."""
    words = line.split()
    command = app.get_command(click.Context(app), words[0])
    assert command is not None
    if isinstance(command, click.Group) and len(words) > 1:
        command = command.get_command(click.Context(command), words[1])
        assert command is not None
    options = {name for parameter in command.params for name in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= options


def test_the_readme_names_targets_of_the_makefile():
    """The two commands are targets of the Makefile, and CI calls the same."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"\$ make ([a-z-]+)", README):
        assert f"\n{target}:" in makefile
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_the_workflow_is_valid_yaml():
    """The workflow for GitHub can be read and has a job."""
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    assert workflow["jobs"]


def test_no_file_names_a_registry():
    """Pinned versions are names and numbers: no address of a registry, no path."""
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert "://" not in pins
    assert not re.search(r"^-|@ ", pins, re.MULTILINE)
