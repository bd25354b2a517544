"""The contract against the OpenAPI document that it is made from."""

import json
from importlib import resources

import pytest

from harness.contract import Contract, load_contract
from harness.contract.fields import resolve
from harness.errors import ContractError

METHODS = ("get", "post", "put", "patch", "delete")


@pytest.fixture(scope="module")
def contract() -> Contract:
    """The packaged contract."""
    return load_contract()


def test_every_operation_of_the_document_belongs_to_one_resource(contract: Contract) -> None:
    """No operation of the document is lost, none is claimed twice, and each is where the document has it."""
    there = {
        raw["operationId"]: (method.upper(), path)
        for path, item in contract.document["paths"].items()
        for method, raw in item.items()
        if method in METHODS
    }
    claimed = [
        (operation.operation_id, (operation.method, operation.path))
        for resource in contract.resources.values()
        for operation in resource.operations.values()
    ]
    assert len(claimed) == len(dict(claimed)) == 247
    assert dict(claimed) == there


def test_every_required_input_is_an_input(contract: Contract) -> None:
    """Each path that is required on create exists among the create fields and is required there."""
    for resource in contract.resources.values():
        for path in resource.required_on_create:
            assert path in resource.create_fields, f"{resource.name}: {path}"
            assert resource.create_fields[path].required_chain, f"{resource.name}: {path}"
        for path in resource.required_within_optional_parent:
            assert resource.create_fields[path].required, f"{resource.name}: {path}"


def test_required_inputs_of_the_schemas_are_listed(contract: Contract) -> None:
    """What a create schema requires at the top is in `required_on_create`: the index and the document agree."""
    for resource in contract.resources.values():
        if resource.domain in {"accounting", "commerce"}:
            top = {path for path, field in resource.create_fields.items() if "." not in path and field.required_chain}
            assert top == {path for path in resource.required_on_create if "." not in path}, resource.name


def body_keys(contract: Contract, name: str | None) -> set[str]:
    """The keys that a body may have; it may be one of several shapes."""
    schema = contract.schema(name or "")
    shapes = [schema, *(resolve(part, contract.schemas) for part in schema.get("anyOf", ()))]
    return {key for shape in shapes for key in shape.get("properties", {})}


def test_every_wrapper_key_is_in_the_body(contract: Contract) -> None:
    """A list's rows and a write's object are where the wrapper keys say."""
    for resource in contract.resources.values():
        for name, key in (("list", resource.list_key), ("get", resource.item_key)):
            if key is not None and resource.has(name):
                assert key in body_keys(contract, resource.operations[name].response_schema), f"{resource.name}: {name}"
        for name, key in (("create", resource.create_key), ("update", resource.update_key)):
            if key is not None and resource.has(name):
                assert key in body_keys(contract, resource.operations[name].request_schema), f"{resource.name}: {name}"


def test_schemas_inside_bodies_have_fields_and_validators(contract: Contract) -> None:
    """Where the index names no schema, the object inside the body is found: orders can be validated, stores read."""
    orders = contract.resource("orders")
    assert orders.create_fields["line_items[].quantity"].required_chain
    assert set(orders.update_fields["status"].enum or ()) == {"active", "archived", "cancelled", "unknown"}
    assert {problem.path for problem in contract.validator(orders.create_schema_name or "").problems({})} == {
        *("currency_code", "line_items", "customer", "billing_address")
    }
    assert "store_name" in contract.resource("store").fields
    assert "amount" in contract.resource("balance").fields


def test_fields_of_accounting_rows_follow_the_schema(contract: Contract) -> None:
    """Every resource of the books has fields, and the top ones are those of its component schema."""
    for resource in contract.resources.values():
        if resource.domain == "accounting" and resource.schema_name and resource.has("list"):
            top = {path for path in resource.fields if "." not in path}
            assert top == set(contract.schema(resource.schema_name)["properties"]), resource.name


def test_named_paths_exist(contract: Contract) -> None:
    """Date, money, reference and filterable paths of the books name fields that exist."""
    for resource in contract.resources.values():
        if resource.domain not in {"accounting", "commerce"} or not resource.fields:
            continue
        known = {**resource.fields, **resource.create_fields, **resource.update_fields}
        named = (*resource.date_fields, *resource.money_fields, *resource.filterable, *resource.reference_fields)
        assert [path for path in named if path.removesuffix("[]") not in known] == [], resource.name


def test_references_of_the_books_lead_to_resources(contract: Contract) -> None:
    """An id that refers to an entity of the books leads to a resource with that entity's name."""
    for resource in contract.resources.values():
        if resource.domain == "accounting":
            for path, field in {**resource.fields, **resource.create_fields}.items():
                if field.ref not in {None, "*"}:
                    referred = contract.referenced(field.ref or "")
                    assert referred is not None, f"{resource.name}: {path} -> {field.ref}"
                    assert referred.entity == field.ref


def test_a_field_is_limited_by_the_objects_around_it(contract: Contract) -> None:
    """What stands in an object that a platform does not have is not on that platform either."""
    for resource in contract.resources.values():
        for fields in (resource.fields, resource.create_fields, resource.update_fields):
            for field in fields.values():
                parent = fields.get((field.parent or "").removesuffix("[]"))
                if parent is None:
                    continue
                assert field.platforms_excluded >= parent.platforms_excluded
                assert parent.platforms is None or (field.platforms is not None and field.platforms <= parent.platforms)


@pytest.mark.parametrize(
    ("resource", "operation", "platform", "supported", "source"),
    [
        ("bills", "delete", "QUICKBOOKS", True, "2023-03-14"),
        ("bills", "delete", "XERO", False, "2023-03-14"),
        ("vendors", "update", "QUICKBOOKS_DESKTOP", True, "2023-03-14"),
        ("vendors", "delete", "XERO", True, "inferred"),
        ("classes", "create", "SAGE_INTACCT", True, "inferred"),
        ("tasks", "list", "XERO", True, "inferred"),
        ("tasks", "list", "SHOPIFY", False, "inferred"),
    ],
)
def test_support_says_where_it_is_known_from(
    contract: Contract, resource: str, operation: str, platform: str, supported: bool, source: str
) -> None:
    """Documented lists are tagged with their version; what is not documented follows and is tagged as inferred."""
    support = contract.resource(resource).support(operation)
    assert (support.on(platform), support.source) == (supported, source)
    assert contract.resource(resource).supports(operation, platform) is supported


def test_names_are_found_or_suggested(contract: Contract) -> None:
    """A resource is found by its plural and its entity, a platform in any case; others get a suggestion."""
    assert contract.resource("bill") is contract.resource("bills")
    assert contract.platform("xero") == "XERO"
    for call, name, right in ((contract.resource, "bils", "bills"), (contract.platform, "QUICKBOOK", "QUICKBOOKS")):
        with pytest.raises(ContractError, match=f'Did you mean "{right}"'):
            call(name)
    with pytest.raises(ContractError, match='unknown schema "Bil"'):
        contract.validator("Bil")


def test_fields_are_flattened_at_the_first_look() -> None:
    """Loading a contract flattens no schema of a row: one that is broken inside harms only who asks for it."""
    folder = resources.files("harness.contract") / "data"
    document = json.loads((folder / "2024-08-31.openapi.json").read_text(encoding="utf-8"))
    index = json.loads((folder / "2024-08-31.entities.json").read_text(encoding="utf-8"))
    document["components"]["schemas"]["Bill"] = {
        "type": "object",
        "properties": {"id": {"$ref": "#/components/schemas/Nowhere"}},
    }
    contract = Contract(document, index)
    with pytest.raises(KeyError, match="Nowhere"):
        len(contract.resource("bills").fields)
    vendors = contract.resource("vendors").fields
    assert next(iter(vendors)) == next(iter(document["components"]["schemas"]["Vendor"]["properties"]))
    assert vendors["id"] is vendors["id"]
