"""Raw OpenAPI files become contracts: their flaws repaired and told, their versions compared."""

import copy
import json
import re

import pytest
import yaml
from click.testing import CliRunner

from harness.cli.app import app
from harness.contract.drift import drift
from harness.contract.importing import import_contract
from harness.contract.loader import packaged, packaged_contract
from harness.errors import ContractError

FLAWS = {"path", "undeclared path parameter", "missing operationId", '"null" in an enum', "3.0 read as 3.1",
         "boolean bound"}  # fmt: skip


def degraded():
    """The packaged contract as a provider might publish it: OpenAPI 3.0, Express paths, no operation ids, no path
    parameters, the word null in enums, none of our tags, bodies written out."""
    document, _ = packaged()
    schemas = {name: flawed(schema) for name, schema in document["components"]["schemas"].items()}
    shared = document["components"]["parameters"]
    paths = {}
    for path, methods in document["paths"].items():
        for method, raw in methods.items():
            known = [shared[item["$ref"].rpartition("/")[2]] if "$ref" in item else item
                     for item in raw.get("parameters", ())]  # fmt: skip
            kept = {"parameters": [flawed(item) for item in known if item["in"] != "path"],
                    "responses": copy.deepcopy(raw["responses"])}  # fmt: skip
            kept |= {"requestBody": raw["requestBody"]} if "requestBody" in raw else {}
            media = kept["responses"]["200"].get("content", {}).get("application/json")
            if media and "$ref" in media["schema"]:
                media["schema"] = copy.deepcopy(schemas[media["schema"]["$ref"].rpartition("/")[2]])
            paths.setdefault("/versioned" + re.sub(r"\{(\w+)\}", r":\1", path), {})[method] = kept
    return {"openapi": "3.0.3", "info": {"title": "raw", "version": "2025-02-28"}, "paths": paths,
            "components": {"schemas": schemas}}  # fmt: skip


def flawed(node):
    """A schema as OpenAPI 3.0 writes it, without our tags."""
    if isinstance(node, list):
        return [flawed(item) for item in node]
    if not isinstance(node, dict):
        return node
    made = {key: flawed(value) for key, value in node.items() if not key.startswith("x-")}
    if isinstance(made.get("type"), list):
        types = [item for item in made["type"] if item != "null"]
        made |= {"nullable": "null" in made["type"], "type": types[0] if len(types) == 1 else types}
    if isinstance(made.get("enum"), list) and None in made["enum"]:
        made["enum"] = ["null" if value is None else value for value in made["enum"]]
    if "exclusiveMinimum" in made:
        made |= {"minimum": made["exclusiveMinimum"], "exclusiveMinimum": True}
    return made


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    """The raw file as JSON."""
    path = tmp_path_factory.mktemp("raw") / "raw.json"
    path.write_text(json.dumps(degraded(), indent=1))
    return path


@pytest.fixture(scope="module")
def imported(raw):
    """The contract of the raw file."""
    return import_contract(raw)


def test_a_raw_file_with_every_flaw_becomes_the_same_contract(raw, imported):
    """Over a megabyte of 3.0 with every flaw: repaired, each flaw told, and nothing differs from the original."""
    assert raw.stat().st_size > 1_000_000
    assert set(imported.repairs.counts()) >= FLAWS
    assert len(imported.contract.resources) == len(packaged_contract().resources)
    assert drift(packaged_contract(), imported.contract) == []
    assert imported.contract.version == "2025-02-28"
    for name, resource in packaged_contract().resources.items():
        assert set(resource.filterable) <= set(imported.contract.resources[name].filterable), name


def test_yaml_is_read_as_it_is_meant(tmp_path):
    """A version that looks like a date stays a text, and so does NO, the country."""
    document = {"openapi": "3.1.0", "info": {"version": "2025-02-28"}, "paths": {"/things/:id": {"get": {"responses": {
        "200": {"content": {"application/json": {"schema": {"type": "object", "properties": {"thing": {
            "type": "object", "properties": {"country": {"enum": ["SE", "NO"]}}}}}}}}}}}}}  # fmt: skip
    path = tmp_path / "raw.yaml"
    path.write_text(yaml.safe_dump(document).replace("'2025-02-28'", "2025-02-28").replace("'NO'", "NO"))
    made = import_contract(path)
    assert made.contract.version == "2025-02-28"
    resource = made.contract.resource("things")
    assert (resource.item_key, resource.fields["country"].enum) == ("thing", ("SE", "NO"))
    assert resource.operations["get"].path == "/things/{id}"


@pytest.mark.parametrize(("text", "told"), [
    ("swagger: '2.0'\npaths: {}\n", "no openapi key"), ("{", "neither JSON nor YAML"), ("openapi: 3.1.0\n", "no paths"),
    ("- a\n", "no OpenAPI document"),
])  # fmt: skip
def test_what_is_no_openapi_says_so(tmp_path, text, told):
    """A file that is none is refused with what was found."""
    path = tmp_path / "raw.yaml"
    path.write_text(text)
    with pytest.raises(ContractError, match=told):
        import_contract(path)


def test_a_diff_says_what_breaks_and_who_reads_it(raw, tmp_path):
    """A lost field, a new required input, a lost operation break; a new field does not; readers are named."""
    document = json.loads(raw.read_text())
    schemas = document["components"]["schemas"]
    del schemas["Bill"]["properties"]["due_date"]
    schemas["Bill"]["required"].remove("due_date")
    schemas["Bill"]["properties"]["brand_new"] = {"type": "string"}
    schemas["CreateBill"]["required"].append("memo")
    del document["paths"]["/versioned/accounting/classes"]["post"]
    changed = tmp_path / "changed.json"
    changed.write_text(json.dumps(document))
    result = CliRunner().invoke(app, ["contract", "diff", str(raw), str(changed), "--all"])
    lines = result.output.splitlines()
    assert result.exit_code == 1, result.output
    assert any(line.startswith("BREAKS bills.due_date") and "accounts_payable" in line for line in lines)
    assert any(line.startswith("BREAKS bills.memo (create): is now required") for line in lines)
    assert any(line.startswith("BREAKS classes (create): the operation is gone") for line in lines)
    assert any(line.startswith("adds   bills.brand_new") for line in lines)
    marks = [line[:6] for line in lines if line[:6] in {"BREAKS", "adds  "}]
    assert marks == sorted(marks), "breaking first"


def test_the_emulator_serves_an_imported_contract(imported, tmp_path, monkeypatch):
    """With the contract file in use, the emulator answers its version and refuses the packaged one."""
    import httpx

    from harness.contract.loader import VARIABLE
    from harness.emulator import EmulatorProcess, EmulatorSettings

    path = tmp_path / "other.contract.json"
    imported.write(path)
    monkeypatch.setenv(VARIABLE, str(path))
    process = EmulatorProcess.start(EmulatorSettings(rate_limit=0, connections=("QUICKBOOKS",)))
    try:
        environment = process.environment()
        query = {"access_token": environment["RUTTER_ACCESS_TOKEN_QUICKBOOKS"], "limit": 1}
        auth = (environment["RUTTER_CLIENT_ID"], environment["RUTTER_CLIENT_SECRET"])
        seen = {version: httpx.get(f"{process.base_url}/accounting/bills", params=query, auth=auth, timeout=20,
                                   headers={"X-Rutter-Version": version}).status_code
                for version in ("2025-02-28", "2024-08-31")}  # fmt: skip
    finally:
        process.stop()
    assert seen == {"2025-02-28": 200, "2024-08-31": 400}
