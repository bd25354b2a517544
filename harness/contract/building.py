"""One resource of a contract, built from its entry in the index and its operations in the document."""

from collections.abc import Mapping
from typing import Any

from harness.contract.fields import Field, LazyFields, resolve
from harness.contract.resource import Operation, Parameter, Resource

DOMAIN_PLATFORMS: Mapping[str, frozenset[str]] = {
    domain: frozenset(names.split())
    for domain, names in {
        "accounting": "DUALENTRY DYNAMICS365 EXACTONLINE FREEAGENT FRESHBOOKS INTUIT_BANK_FEEDS KASHFLOW MONEYBIRD "
        "NETSUITE ODOO QUICKBOOKS QUICKBOOKS_DESKTOP SAGE SAGE200CLOUD SAGE_50 SAGE_BANK_FEEDS SAGE_BUSINESS_CLOUD "
        "SAGE_INTACCT SAGE_INTACCT_V2 TALLY WAVE XERO ZOHOBOOKS",
        "commerce": "ALIBABA AMAZON BIG_COMMERCE CHARGEBEE CHARGIFY CLOVER COMMERCELAYER EBAY ECWID ETSY FNAC GUMROAD "
        "LAZADA MAGENTO MERCADOLIBRE PRESTASHOP RECHARGE RECURLY SALLA SHOPEE SHOPER SHOPIFY SHOPLAZZA SHOPLINE SQUARE "
        "SQUARESPACE TIKTOK WALMART WEBFLOW WIX WOO_COMMERCE ZID",
        "payments": "AMAZON AUTHORIZENET CHARGEBEE CHARGIFY EBAY ETSY LAZADA MAGENTO MERCADOLIBRE MOLLIE PAYNL PAYPAL "
        "PRESTASHOP SHOPIFY SQUARE STRIPE WALMART WOO_COMMERCE",
        "ads": "FACEBOOK GOOGLE TIKTOK",
        "banking": "MX PLAID TELLER",
        "hris": "BAMBOO_HR GUSTO QUICKBOOKS_HRIS",
    }.items()
}
"""INFERRED: platforms of a domain, used only where no operation of a resource has a documented list."""

SUCCESSORS = {"SAGE_INTACCT": "SAGE_INTACCT_V2"}
"""INFERRED: a platform that is younger than the documented lists works where the one it follows does."""
LISTED_LATER = {"accounting_invoices_update": frozenset({"SAGE_INTACCT_V2"})}
"""Operation id -> platforms that the documented list lacks and [S24] names (invoice lines)."""

NAMES = {
    "company_info": "company_info",
    "bank_feed_otp": "bank_feed_otps",
    "balance": "balance",
    "store": "store",
    "class": "classes",
    "supplier_enablement_enrichment_flat": "supplier_enablement_enrichments_flat",
}


def resource_name(entity: str) -> str:
    """`bill` -> `bills`: the plural that plans, paths and wrapper keys use."""
    if entity in NAMES:
        return NAMES[entity]
    if entity.endswith("y") and entity[-2] not in "aeiou":
        return entity[:-1] + "ies"
    return entity + ("es" if entity.endswith(("s", "x", "ch")) else "s")


def build_resource(entry: Mapping[str, Any], document: Mapping[str, Any], schemas: dict[str, Any]) -> Resource:
    """The resource of an entry of the index; schemas that are written out inside bodies become components."""
    keys = entry.get("wrapper_keys", {})
    operations = {item["op"]: _operation(item, document) for item in entry["operations"]}
    names = {
        "schema": entry.get("schema") or _inside(operations.get("list"), keys.get("list_response"), schemas),
        "create": entry.get("create_schema")
        or _inside(operations.get("create"), keys.get("create_request"), schemas, request=True),
        "update": entry.get("update_schema")
        or _inside(operations.get("update"), keys.get("update_request"), schemas, request=True),
    }

    def fields(key: str) -> Mapping[str, Field]:
        name = names[key]
        return LazyFields(schemas[name] if name else None, schemas)

    filterable = entry.get("filterable_fields", {})
    return Resource(
        name=resource_name(entry["name"]),
        entity=entry["name"],
        domain=entry["domain"],
        path=entry["path"],
        operations=operations,
        list_key=keys.get("list_response"),
        item_key=keys.get("single_response"),
        create_key=keys.get("create_request"),
        update_key=keys.get("update_request"),
        schema_name=names["schema"],
        create_schema_name=names["create"],
        update_schema_name=names["update"],
        fields=fields("schema"),
        create_fields=fields("create"),
        update_fields=fields("update"),
        required_on_create=tuple(entry.get("required_on_create", ())),
        required_within_optional_parent=tuple(entry.get("required_within_optional_parent", ())),
        read_only_fields=frozenset(entry.get("read_only_fields", ())),
        date_fields=entry.get("date_fields", {}),
        money_fields=entry.get("money_fields", {}),
        reference_fields=entry.get("reference_fields", {}),
        filterable_documented=tuple(filterable.get("documented", ())),
        filterable_inferred=tuple(filterable.get("inferred", ())),
        domain_platforms=DOMAIN_PLATFORMS.get(entry["domain"]),
        list_types=_types(operations.get("list"), keys.get("list_response"), schemas, "array"),
        item_types=_types(operations.get("get"), keys.get("single_response"), schemas, "object") - {"null"},
    )


def _types(operation: Operation | None, key: str | None, schemas: dict[str, Any], otherwise: str) -> frozenset[str]:
    """The JSON types that an answer may have under its key; `otherwise` where the contract does not say."""
    body = operation.response_schema if operation else None
    waiting = [{"$ref": f"#/components/schemas/{body}"}] if body and key else []
    found: set[str] = set()
    while waiting:
        schema = resolve(waiting.pop(), schemas)
        waiting.extend(schema.get("anyOf", ()))
        if "properties" not in schema or key not in schema["properties"]:
            continue
        held = resolve(schema["properties"][key], schemas)
        for part in (resolve(item, schemas) for item in held.get("anyOf", (held,))):
            types = part.get("type", ())
            found |= {types} if isinstance(types, str) else set(types)
    return frozenset(found) or frozenset({otherwise})


def _inside(
    operation: Operation | None, key: str | None, schemas: dict[str, Any], *, request: bool = False
) -> str | None:
    """The name of the schema under a body's wrapper key, for the few that the index gives no name.

    A list's row, or the object itself when it has a component of its own. A schema that is written out inside the
    body becomes a component named `<body>.<key>`. None when there is no such schema.
    """
    body = (operation.request_schema if request else operation.response_schema) if operation else None
    if body is None or key is None:
        return None
    raw = resolve(schemas[body], schemas).get("properties", {}).get(key)
    if raw is None:
        return None
    branches = [part for part in raw.get("anyOf", (raw,)) if part.get("type") != "null"]
    found = branches[0].get("items", branches[0])
    if "$ref" in found:
        return str(found["$ref"].rpartition("/")[2])
    if "properties" not in found or (not request and "items" not in branches[0]):
        return None
    name = f"{body}.{key}"
    schemas[name] = found
    return name


def _operation(item: Mapping[str, Any], document: Mapping[str, Any]) -> Operation:
    raw = document["paths"][item["path"]][item["method"].lower()]
    shared = document["components"]["parameters"]
    schemas = document["components"]["schemas"]
    parameters: dict[str, Parameter] = {}
    for declared in raw.get("parameters", ()):
        data = shared[declared["$ref"].rpartition("/")[2]] if "$ref" in declared else declared
        schema = resolve(data.get("schema", {}), schemas)
        types = schema.get("type", ())
        parameters[data["name"]] = Parameter(
            name=data["name"],
            location=data["in"],
            required=bool(data.get("required")),
            enum=tuple(schema["enum"]) if "enum" in schema else None,
            default=schema.get("default"),
            types=frozenset([types] if isinstance(types, str) else types),
            deprecated=bool(data.get("deprecated")),
            time_unit=data.get("x-time-unit"),
            platforms=frozenset(data["x-platforms"]) if "x-platforms" in data else None,
            platforms_excluded=frozenset(data.get("x-platforms-excluded", ())),
        )
    listed = item.get("platforms_2023_03_14")
    sandbox = item.get("sandbox_platforms_2023_03_14")
    answer = _body_schema(raw["responses"].get("200"))
    return Operation(
        name=item["op"],
        method=item["method"],
        path=item["path"],
        operation_id=item["operation_id"],
        is_async=bool(item.get("async")),
        platforms=_platform_set(listed, item["operation_id"]),
        sandbox_platforms=_platform_set(sandbox),
        parameters=parameters,
        request_schema=_body_schema(raw.get("requestBody")),
        response_schema=answer,
        carries_connection=answer is not None and _has(schemas[answer], schemas, "required", "connection"),
        knows_connection=answer is not None and _has(schemas[answer], schemas, "properties", "connection"),
        needs_body=bool(raw.get("requestBody", {}).get("required")),
        needs_query=tuple(
            name
            for name, item in parameters.items()
            if item.required and item.location == "query" and name != "access_token"
        ),
    )


def _has(schema: Mapping[str, Any], schemas: Mapping[str, Any], keyword: str, name: str) -> bool:
    """Whether an object, in one of its forms, has a property among those of the keyword."""
    found = resolve(schema, schemas)
    if name in found.get(keyword, ()):
        return True
    return any(_has(part, schemas, keyword, name) for key in ("anyOf", "oneOf", "allOf") for part in found.get(key, ()))


def _platform_set(listed: Any, operation_id: str = "") -> frozenset[str] | None:
    if listed is None:
        return None
    names = frozenset([listed] if isinstance(listed, str) else listed)
    later = {newer for older, newer in SUCCESSORS.items() if older in names}
    return names | later | LISTED_LATER.get(operation_id, frozenset())


def _body_schema(holder: Mapping[str, Any] | None) -> str | None:
    schema: Mapping[str, Any] = ((holder or {}).get("content", {}).get("application/json", {})).get("schema", {})
    reference = schema.get("$ref")
    return reference.rpartition("/")[2] if reference else None
