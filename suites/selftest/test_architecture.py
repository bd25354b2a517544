"""The import table of the house, held against the code."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HARNESS = ROOT / "harness"

MAY_IMPORT = {
    "errors": {"exit_status"},
    "exit_status": set(),
    "core": {"errors"},
    "contract": {"core", "errors"},
    "plan": {"core", "contract", "errors"},
    "checks": {"core", "contract", "errors"},
    "client": {"core", "errors"},
    "drive": {"core", "contract", "plan", "client", "errors"},
    "adapter": {"core", "plan", "client", "drive", "errors"},
    "serving": {"errors"},
    "emulator": {"core", "contract", "errors", "serving"},
    "rollout": {"core", "plan", "client", "errors"},
    "backend": {"core", "client", "errors", "serving"},
    "gauntlet": {"core", "contract", "errors"},
    "report": {"core", "plan", "errors", "exit_status"},
    "recording": {"core", "errors"},
    "pytest_plugin": {
        *(
            "core",
            "contract",
            "plan",
            "checks",
            "client",
            "drive",
            "adapter",
            "emulator",
            "backend",
            "report",
            "recording",
            "errors",
            "exit_status",
        ),
    },
    "searching": {"core", "contract", "plan", "checks", "drive", "errors"},
    "proving": {
        *("core", "contract", "plan", "checks", "client", "drive", "emulator", "report", "pytest_plugin", "errors"),
    },
    "cli": {
        *("core", "contract", "plan", "checks", "client", "drive", "emulator", "report", "pytest_plugin"),
        *("backend", "gauntlet", "proving", "recording", "rollout", "errors", "exit_status"),
    },
}
"""Which packages of `harness` each package may import, besides itself. ARCHITECTURE.md shows the same table."""

THIRD_PARTY = {
    "errors": set(),
    "exit_status": set(),
    "core": {"orjson"},
    "contract": {"jsonschema_rs", "yaml"},
    "plan": {"pydantic", "yaml"},
    "checks": {"jsonschema_rs"},
    "client": {"httpx", "pyrate_limiter"},
    "drive": {"httpx", "pydantic"},
    "adapter": set(),
    "serving": {"granian", "starlette"},
    "emulator": {"orjson", "sqlalchemy", "starlette", "uvloop"},
    "rollout": {"gevent", "hdrh", "locust", "psycopg", "pycurl", "redis", "simpy"},
    "backend": {"cryptography", "jinja2", "prometheus_client", "sqlalchemy", "starlette"},
    "gauntlet": {"httpx"},
    "report": {"allure_commons", "jinja2", "markupsafe", "orjson", "pydantic", "rich"},
    "recording": {"httpx", "orjson", "vcr", "yaml"},
    "pytest_plugin": {"_pytest", "allure", "pydantic", "pytest", "xdist"},
    "searching": {"hypothesis", "schemathesis"},
    "proving": {"_pytest", "httpx", "pydantic", "pytest", "yaml"},
    "cli": {"click", "rich"},
}
"""Which libraries each package may import."""

FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "misc"}


def modules() -> list[Path]:
    """Every module of the package."""
    return sorted(path for path in HARNESS.rglob("*.py") if path != HARNESS / "__init__.py")


def room(path: Path) -> str:
    """The package of `harness` that a file belongs to."""
    return path.relative_to(HARNESS).parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    """Every absolute module name that a file imports, at the top or inside functions."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            names.add(node.module or "")
            names.update(f"{node.module}.{alias.name}" for alias in node.names if node.module == "harness")
    return names


def test_every_package_is_in_the_table() -> None:
    """No package of `harness` is outside the import table, and no row of the table is without a package."""
    assert {room(path) for path in modules()} == set(MAY_IMPORT) == set(THIRD_PARTY)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(HARNESS)))
def test_imports_keep_to_the_table(path: Path) -> None:
    """A module imports only what the table allows its package."""
    own = room(path)
    for name in imports(path):
        top, _, rest = name.partition(".")
        if top == "harness":
            inner = rest.partition(".")[0]
            if inner:
                assert inner == own or inner in MAY_IMPORT[own], f"{path}: {own} may not import harness.{inner}"
        elif top not in sys.stdlib_module_names:
            assert top in THIRD_PARTY[own], f"{path}: {own} may not import {top}"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(HARNESS)))
def test_modules_stay_small_and_named(path: Path) -> None:
    """A module fits on a few screens and has a name that says what is in it."""
    assert path.stem not in FORBIDDEN_NAMES
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= 350, f"{path} has {lines} lines: split it"


def test_nothing_happens_at_import() -> None:
    """No module of `harness` opens a file or a socket at import: only definitions stand at the top level."""
    for path in modules():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
                called = ast.unparse(node.value.func)
                assert path.name == "__main__.py" or "open" not in called, f"{path}:{node.lineno} calls {called}"


def test_the_modules_that_begin_first_exist() -> None:
    """What `spreading.py` lets begin first is there, under that name: a module that moved would begin last."""
    from suites.selftest.spreading import LONGEST

    here = Path(__file__).parent
    assert [name for name in LONGEST if not (here / name).is_file()] == []
    assert len(set(LONGEST)) == len(LONGEST)


def test_packed_bytes_of_tests_hold_no_time_of_day() -> None:
    """Every `gzip.compress` in the suites says `mtime`: it is part of names of tests, and two workers that collect them
    a second apart would not find the same tests."""
    for path in sorted((ROOT / "suites").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "gzip.compress":
                assert any(word.arg == "mtime" for word in node.keywords), f"{path}:{node.lineno}"
