"""JSON Schema for editors, generated from the models and the names of the contract.

`python -m harness.plan.schema` writes the files again after a change of the models.
"""

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from harness.contract import Contract, load_contract
from harness.plan.backend import BackendPlan
from harness.plan.model import Attestations, Baseline, Checklist, Plan
from harness.plan.rollout import Rollout

FILES: dict[str, type[BaseModel]] = {
    "accepted.schema.json": Baseline,
    "attestations.schema.json": Attestations,
    "backend.schema.json": BackendPlan,
    "checklist.schema.json": Checklist,
    "plan.schema.json": Plan,
    "rollout.schema.json": Rollout,
}
"""File name below `plans/` -> model."""


def schema_text(model: type[BaseModel], contract: Contract) -> str:
    """The schema as it is checked in; platforms and resources are completed by name."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **model.model_json_schema()}
    if model is Plan:
        platforms: dict[str, Any] = {"enum": list(contract.platforms)}
        rules = schema["$defs"]
        schema["properties"]["platforms"]["items"] |= platforms
        schema["properties"]["resources"]["propertyNames"] = {"enum": sorted(contract.resources)}
        rules["ResourcePlan"]["properties"]["platforms"]["anyOf"][0]["items"] |= platforms
        for name in ("CreateRules", "UpdateRules"):
            rules[name]["properties"]["by_platform"]["propertyNames"] = platforms
    elif model is Rollout:
        properties = schema["properties"]
        properties["platforms"]["propertyNames"] = {"enum": list(contract.platforms)}
        properties["resources"]["items"] |= {"enum": sorted(contract.resources)}
        properties["writes"]["items"] |= {"enum": sorted(contract.resources)}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def write_schemas(folder: Path) -> None:
    """Write every schema into `folder`."""
    contract = load_contract()
    for name, model in FILES.items():
        (folder / name).write_text(schema_text(model, contract), encoding="utf-8")


if __name__ == "__main__":
    write_schemas(Path(__file__).resolve().parents[2] / "plans")
