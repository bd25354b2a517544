"""Reads the packaged facts and builds the contract, once per process."""

import difflib
import json
import os
from collections.abc import Mapping
from functools import cache, cached_property
from importlib import resources
from pathlib import Path
from typing import Any

from harness.contract.building import build_resource
from harness.contract.fields import resolve
from harness.contract.resource import Resource
from harness.contract.validators import Validator
from harness.errors import ContractError

DEFAULT_VERSION = "2024-08-31"
VARIABLE = "GOLIVE_CONTRACT"
"""Names the contract file of a run: `--contract` sets it, so that every process of the run uses the same."""


class Contract:
    """One version of the API. `resources` by plural name, in the index's order; `document` is the OpenAPI document."""

    def __init__(self, document: Mapping[str, Any], index: Mapping[str, Any]) -> None:
        self.document = document
        self.version: str = document["info"]["version"]
        self.support_version: str = index["platform_support_version"]
        self.platforms: tuple[str, ...] = tuple(sorted(set(document["x-platform-names"])))
        self.schemas: Mapping[str, Any] = dict(document["components"]["schemas"])
        self.resources: dict[str, Resource] = {}
        self._by_entity: dict[str, str] = {}
        self._validators: dict[str, Validator] = {}
        self._plain: dict[int, tuple[Mapping[str, Any], Mapping[str, Any]]] = {}
        for entry in index["entities"]:
            resource = build_resource(entry, document, self.schemas)
            self.resources[resource.name] = resource
            self._by_entity[resource.entity] = resource.name

    def resource(self, name: str) -> Resource:
        """The resource of that name; ContractError with the nearest right name otherwise."""
        found = self.resources.get(name) or self.resources.get(self._by_entity.get(name, ""))
        if found is None:
            raise ContractError(f'unknown resource "{name}"{suggest(name, self.resources)}')
        return found

    def referenced(self, entity: str) -> Resource | None:
        """The resource that an `x-ref` names; None for `*` and for entities without a list."""
        name = self._by_entity.get(entity)
        return self.resources[name] if name else None

    def platform(self, name: str) -> str:
        """`name` in the contract's spelling; ContractError with the nearest right name otherwise."""
        upper = name.upper()
        if upper not in self.platforms:
            raise ContractError(f'unknown platform "{name}"{suggest(upper, self.platforms)}')
        return upper

    def validator(self, schema_name: str) -> Validator:
        """The compiled validator of a component schema, such as `Bill` or `ErrorBody`."""
        if schema_name not in self._validators:
            if schema_name not in self.schemas:
                raise ContractError(f'unknown schema "{schema_name}"{suggest(schema_name, self.schemas)}')
            self._validators[schema_name] = Validator({"$ref": f"#/components/schemas/{schema_name}"}, self.schemas)
        return self._validators[schema_name]

    def validator_of(self, schema: Mapping[str, Any]) -> Validator:
        """The compiled validator of any schema of the document."""
        name = json.dumps(schema, sort_keys=True)
        if name not in self._validators:
            self._validators[name] = Validator(schema, self.schemas)
        return self._validators[name]

    def schema(self, name: str) -> Mapping[str, Any]:
        """A component schema, or one from inside a body (`CreateOrderBody.order`), its top reference followed."""
        return resolve(self.schemas[name], self.schemas)

    def plain(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """A schema of the document with references followed, of a union its first branch that is not null; worked out
        once for each."""
        known = self._plain.get(id(schema))
        if known is None or known[0] is not schema:
            known = self._plain[id(schema)] = schema, _plain(schema, self.schemas)
        return known[1]

    @cached_property
    def base_urls(self) -> tuple[str, ...]:
        """Production, then sandbox. Source: [S24] servers."""
        return tuple(server["url"] for server in self.document["servers"])


def _plain(raw: Mapping[str, Any], schemas: Mapping[str, Any]) -> Mapping[str, Any]:
    schema = resolve(raw, schemas)
    for key in ("anyOf", "oneOf"):
        for part in schema.get(key, ()):
            inner = resolve(part, schemas)
            if inner.get("type") != "null":
                return {**schema, **inner}
    return schema


def suggest(word: str, allowed: Any) -> str:
    """`. Did you mean "bills"?` or a list of what is allowed when nothing is near."""
    names = sorted(str(name) for name in allowed)
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    if near:
        return f'. Did you mean "{near[0]}"?'
    shown = ", ".join(names[:40]) + (", ..." if len(names) > 40 else "")
    return f". Allowed: {shown}"


def load_contract(version: str | None = None) -> Contract:
    """The contract in use: that of the file named by `GOLIVE_CONTRACT`, else the packaged one. A version that is not
    the one in use is looked for among the packaged. Read and built once per process and file (about 0.1 s)."""
    chosen = os.environ.get(VARIABLE)
    if chosen:
        found = from_file(str(Path(chosen).resolve()))
        if version in {None, found.version}:
            return found
    return packaged_contract(version or DEFAULT_VERSION)


def use_contract(path: str | Path) -> Contract:
    """Make the contract of a file the one in use, here and in every process started from here."""
    found = from_file(str(Path(path).resolve()))
    os.environ[VARIABLE] = str(Path(path).resolve())
    return found


@cache
def from_file(path: str) -> Contract:
    """The contract of a contract file; ContractError when it is none."""
    try:
        held = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ContractError(f"{path}: no contract file: {error}") from error
    if not isinstance(held, dict) or not {"document", "index"} <= set(held):
        raise ContractError(f"{path}: no contract file. Make one of an OpenAPI file: golive contract import FILE")
    return Contract(held["document"], held["index"])


def is_contract_file(path: str | Path) -> bool:
    """Whether a file is what `golive contract import` writes, and not a raw OpenAPI file."""
    with Path(path).open(encoding="utf-8", errors="replace") as file:
        return file.read(12).startswith('{"document"')


@cache
def packaged_contract(version: str = DEFAULT_VERSION) -> Contract:
    """The packaged contract of `version`, whatever is in use."""
    return Contract(*packaged(version))


def packaged(version: str = DEFAULT_VERSION) -> tuple[dict[str, Any], dict[str, Any]]:
    """(document, index) of a packaged version, read anew; ContractError for one that is not packaged."""
    folder = resources.files("harness.contract") / "data"
    source = folder / f"{version}.openapi.json"
    if not source.is_file():
        raise ContractError(f'no contract for version "{version}". Packaged: {DEFAULT_VERSION}')
    index = json.loads((folder / f"{version}.entities.json").read_text(encoding="utf-8"))
    return json.loads(source.read_text(encoding="utf-8")), index
