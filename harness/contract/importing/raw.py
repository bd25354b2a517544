"""Reading a raw OpenAPI file, JSON or YAML, without the surprises of YAML 1.1."""

import json
import re
from pathlib import Path
from typing import Any

import yaml

from harness.contract.loader import suggest
from harness.errors import ContractError

PLAIN = {
    "bool": r"true|True|TRUE|false|False|FALSE",
    "int": r"[-+]?[0-9]+",
    "float": r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+",
    "null": r"~|null|Null|NULL|",
}
"""What is no text in YAML 1.2. YAML 1.1 also reads `NO` (a country), `2023-03-14` and `12:30` as something else."""


class _Loader(yaml.CSafeLoader):
    """PyYAML's C loader with the scalars of YAML 1.2."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - the name and the form are PyYAML's


for _name, _pattern in PLAIN.items():
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", re.compile(f"^(?:{_pattern})$"), None)


def read_raw(path: Path) -> dict[str, Any]:
    """The document of a raw file; ContractError when it is no OpenAPI 3 document."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ContractError(f"{path}: cannot be read: {error}") from error
    try:
        found = json.loads(text) if text.lstrip().startswith("{") else yaml.load(text, _Loader)  # noqa: S506 - a safe loader
    except (ValueError, yaml.YAMLError) as error:
        raise ContractError(f"{path}: neither JSON nor YAML: {' '.join(str(error).split())[:300]}") from error
    if not isinstance(found, dict):
        raise ContractError(f"{path}: holds no OpenAPI document")
    version = str(found.get("openapi", ""))
    if not version.startswith("3."):
        told = f'openapi is "{version}"' if version else f"there is no openapi key{suggest('openapi', found)}"
        raise ContractError(f"{path}: {told}; an OpenAPI document of version 3.0 or 3.1 is needed")
    if not isinstance(found.get("paths"), dict) or not found["paths"]:
        raise ContractError(f"{path}: has no paths")
    return found
