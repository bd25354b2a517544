"""The whole way from a raw file to a contract file."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.contract.importing.index import carry, follow, index_of
from harness.contract.importing.raw import read_raw
from harness.contract.importing.repairs import Repairs, repair
from harness.contract.loader import Contract, packaged
from harness.errors import ContractError


@dataclass(frozen=True, slots=True)
class Imported:
    """A contract, what had to be repaired to get it, and how many facts of fields were carried over."""

    contract: Contract
    document: dict[str, Any]
    index: dict[str, Any]
    repairs: Repairs
    carried: int

    def write(self, path: Path) -> None:
        """Write the contract file that `--contract` takes."""
        text = json.dumps({"document": self.document, "index": self.index}, ensure_ascii=False, separators=(",", ":"))
        path.write_text(text + "\n", encoding="utf-8")


def import_contract(path: Path, *, version: str | None = None) -> Imported:
    """Read, repair and index a raw OpenAPI file. `version` names it where the file does not, or otherwise. Raises
    ContractError with the place for what cannot be repaired."""
    document = read_raw(path)
    info = document.setdefault("info", {})
    info["version"] = version or str(info.get("version") or "imported")
    repairs = repair(document)
    own_document, own_index = packaged()
    index = index_of(document, own_index)
    schemas = document["components"]["schemas"]
    carried = carry(index, schemas, own_index, own_document["components"]["schemas"])
    for entry in index["entities"]:
        follow(entry, schemas)
    document.setdefault("x-platform-names", own_document["x-platform-names"])
    contract = Contract(document, index)
    for resource in contract.resources.values():
        for operation in resource.operations.values():
            for name in (operation.request_schema, operation.response_schema):
                _compiled(contract, path, operation.method, operation.path, name)
    return Imported(contract, document, index, repairs, carried)


def _compiled(contract: Contract, path: Path, method: str, place: str, name: str | None) -> None:
    if name is None:
        return
    try:
        contract.validator(name)
    except ValueError as error:
        told = " ".join(str(error).split())[:300]
        raise ContractError(f"{path}: {method} {place}: the schema of a body is none: {told}") from error
