"""Requests that no careful client sends: each has a documented answer, and none of them is a 500."""

import json

import pytest

BILLS = "/accounting/bills"
MEMOS = "/accounting/invoice_credit_memos"
DEEP = 300
MADE_OF = {"platform": "NETSUITE", "token_id": "i", "token_secret": "s", "consumer_key": "k", "consumer_secret": "c",
           "store_name": "n"}  # fmt: skip
OAUTH = ("oauth_client_id", "oauth_client_secret", "oauth_refresh_token")
STORE = ("basic_username", "basic_password", "store_url")
KEYS = {
    "AMAZON": (*OAUTH, "amazon_access_key_id", "amazon_secret_access_key", "amazon_seller_region",
               "amazon_selling_partner_role"),
    "BIG_COMMERCE": ("oauth_access_token", "store_url"), "EBAY": OAUTH, "FNAC": ("partner_id", "shop_id", "key"),
    "LAZADA": (*OAUTH, "country", "oauth_access_token"), "MAGENTO": STORE, "NETSUITE": tuple(MADE_OF)[1:],
    "PRESTASHOP": ("api_key", "store_url"), "QUICKBOOKS": (*OAUTH, "realm_id"), "SAGE_INTACCT_V2": OAUTH,
    "SHOPER": ("oauth_access_token", "oauth_refresh_token", "store_url"), "SHOPIFY": STORE, "SQUARE": OAUTH,
    "STRIPE": ("account_id", "oauth_access_token"), "WALMART": OAUTH[:2], "WOO_COMMERCE": STORE,
    "XERO": (*OAUTH, "tenant_id", "user_id"), "ZOHOBOOKS": (*OAUTH, "organization_id", "oauth_access_token"),
}  # fmt: skip
"""The credentials that a connection to a platform is made of. Source: [S24] CreateConnectionBody."""


@pytest.fixture(scope="module")
def double(start, database):
    """An emulator with its clock frozen, on each kind of database."""
    return start(database=database, connections=("QUICKBOOKS", "NETSUITE", "SHOPIFY"))


def first(double, path, platform="QUICKBOOKS"):
    """The first object of a list."""
    return next(iter(double.rows(path, double.token(platform)).values()))


def memo(double, **line):
    """The body of a new invoice credit memo."""
    return {"invoice_credit_memo": {
        "customer_id": first(double, "/accounting/customers")["id"], "issue_date": "2024-02-29T00:00:00.000Z",
        "currency_code": "USD", "account_id": first(double, "/accounting/accounts")["id"],
        "line_items": [{"description": "one", "total_amount": "1.50", **line}],
    }}  # fmt: skip


@pytest.mark.parametrize("config", [None, [], "AAA", 0, {"BILL_CREATED": None}, {"BILL_CREATED": {"XERO": ["$.Id"]}},
                                    {"BILL_CREATED": {"XERO": {"id": 1}}}])  # fmt: skip
def test_a_part_of_raw_records_is_configured_as_the_contract_says(double, config):
    """What is no map of event, platform, name and path is refused and changes nothing. Source: [S24]."""
    id = double.api("GET", "/configs/webhooks").json()[0]["id"]
    path = f"/configs/webhooks/{id}/platform_data_config"
    good = {"platform_data_config": {"BILL_CREATED": {"XERO": {"raw": "$.Id"}}}}
    assert double.api("PATCH", path, json=good).json() == good
    assert double.api("PATCH", path, json={"platform_data_config": config}).status_code == 400
    assert double.api("PATCH", path, json={}).status_code == 400
    assert double.api("GET", path).json() == good


def test_a_connection_is_made_from_nothing_or_from_whole_credentials(double):
    """An empty body, and a platform with its credentials; parts and wrong types of them are refused. Source: [S24]."""
    for body in ({}, MADE_OF, {**MADE_OF, "scope": "all"}):
        assert double.api("POST", "/connections/create", json=body).status_code == 200, body
    wrong = [{name: value for name, value in MADE_OF.items() if name != left} for left in MADE_OF]
    for body in (*wrong, {**MADE_OF, "token_id": None}, {**MADE_OF, "scope": None}, {"platform": "NETSUITE"}, [], "x"):
        assert double.api("POST", "/connections/create", json=body).status_code == 400, body


@pytest.mark.parametrize("platform", sorted(KEYS))
def test_a_connection_is_made_from_the_credentials_of_its_own_platform(double, platform):
    """Whole credentials of another platform are none, and the answer says what is missing; Shopify takes either of its
    two kinds, a bank feed, whose credentials the contract does not name, any. Source: [S24] CreateConnectionBody."""
    own = {"platform": platform, **dict.fromkeys(KEYS[platform], "na")}
    other = next(name for name in KEYS if not set(KEYS[platform]) <= set(KEYS[name]))
    public = {"platform": "SHOPIFY", "oauth_client_id": "i", "oauth_client_secret": "s", "store_url": "u"}
    for body in ({"platform": platform, **dict.fromkeys(KEYS[other], "na")}, public):
        answer = double.api("POST", "/connections/create", json=body)
        assert answer.status_code == 400, answer.text
    for body in (own, {**own, "platform": "INTUIT_BANK_FEEDS"}, {**public, "oauth_access_token": "t"}):
        answer = double.api("POST", "/connections/create", json=body)
        assert answer.status_code == 200, answer.text
        made = answer.json()["connection"]["id"]
        assert double.api("DELETE", f"/connections/{made}").status_code == 200


def test_a_body_that_the_contract_demands_is_demanded(double):
    """None is no empty object, but for a connection that waits for its end user and for a delete. Source: [S24];
    [D:rutter-link/overview]."""
    token, feeds = double.token("QUICKBOOKS"), double.token("NETSUITE")
    assert double.api("POST", "/connections/incremental_sync", token=token).status_code == 400
    assert double.api("POST", "/connections/backfill", token=token).status_code == 400
    assert double.api("POST", "/accounting/bank_feeds/accounts/mapping_link", token=feeds).status_code == 400
    assert double.api("POST", "/accounting/bank_feeds/accounts/mapping_link", token=feeds, json={}).status_code == 200
    basket = {"currency": "USD", "line_items": [{"quantity": 1, "item": {"id": "sku", "title": "Thing"}}]}
    made = double.api("POST", "/ucp/shop/checkout-sessions", json=basket).json()["id"]
    assert double.api("PATCH", f"/ucp/shop/checkout-sessions/{made}").status_code == 400
    assert double.api("PATCH", f"/ucp/shop/checkout-sessions/{made}", json={}).status_code == 200
    assert double.api("POST", f"/ucp/shop/checkout-sessions/{made}/cancel").status_code == 400
    assert double.api("POST", "/connections/create").status_code == 200
    bill = first(double, BILLS)["id"]
    assert double.api("DELETE", f"{BILLS}/{bill}", token=token).json()["code"] == "deleted"


def test_a_query_parameter_that_the_contract_demands_is_demanded(double):
    """The type of the events, of which there is one so far. Source: [S24] ListEventsParams."""
    token = double.token("QUICKBOOKS")
    assert double.api("GET", "/events", token=token).status_code == 400
    assert double.api("GET", "/events", token=token, params={"type": "object_deleted"}).status_code == 200


def test_a_line_of_a_purchase_order_without_an_item_has_none(double):
    """A change may leave out what a create demands; a read then has no item, rather than one without an id."""
    token = double.token("NETSUITE")
    order = first(double, "/accounting/purchase_orders", "NETSUITE")["id"]
    path = f"/accounting/purchase_orders/{order}"
    lines = [{"quantity": 2, "unit_amount": 1.5, "description": "no item"}]
    assert double.api("PATCH", path, token=token, json={"purchase_order": {"line_items": lines}}).status_code == 200
    told = double.api("GET", path, token=token).json()["purchase_order"]
    assert [(line["item"], line["total_amount"]) for line in told["line_items"]] == [(None, 3)]
    assert told["total_amount"] == 3


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_sync_configuration_is_sent_whole(double, method):
    """Both verbs demand both parts, and the period is 60 to 20,160 minutes. Source: [S24]."""
    path = "/configs/sync/platforms/NETSUITE"
    whole = double.api("GET", path).json()
    assert double.api(method, path, json=whole).json() == whole
    for body in ({}, {"initialSync": whole["initialSync"]},
                 {**whole, "incrementalSync": {"syncPeriodInMinutes": 59, "entities": []}}):  # fmt: skip
        assert double.api(method, path, json=body).status_code == 400, body
    assert double.api("GET", path).json() == whole


@pytest.mark.parametrize("amount", ["Inf", "-infinity", "nan", "sNaN", "", "ten", "1_000", "1e999999999", "١"])
def test_an_amount_text_that_is_no_number_is_refused(double, amount):
    """Amounts of invoice credit memos are texts: the platform refuses what spells no number."""
    token = double.token("QUICKBOOKS")
    assert double.api("POST", MEMOS, token=token, json=memo(double)).status_code == 200
    for line in ({"total_amount": amount}, {"item": {"id": None, "quantity": 1, "unit_amount": amount}}):
        answer = double.api("POST", MEMOS, token=token, json=memo(double, **line))
        assert answer.status_code in {400, 450}, answer.text


@pytest.mark.parametrize("date", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2016-12-31T23:59:60Z"])
def test_an_instant_that_no_calendar_keeps_is_refused(double, date):
    """A date-time outside of what is kept is refused: by the API a leap second, by the platform what is well formed."""
    refused = {400, 450} if ":60" in date else {450}
    token = double.token("QUICKBOOKS")
    body = memo(double)
    body["invoice_credit_memo"]["issue_date"] = date
    assert double.api("POST", MEMOS, token=token, json=body).status_code in refused
    change = {"bill": {"due_date": date}}
    bill = first(double, BILLS)["id"]
    assert double.api("PATCH", f"{BILLS}/{bill}", token=token, json=change).status_code in refused


@pytest.mark.parametrize("platform", ["QUICKBOOKS", "NETSUITE"])
def test_a_write_changes_only_what_it_may(double, platform):
    """What only a returned object has, such as its id, is ignored in a create and in a change."""
    token = double.token(platform)
    bill = first(double, BILLS, platform)
    extra = {"id": None, "platform_id": "9", "amount_due": 0, "created_at": "2001-01-01T00:00:00.000Z", "x": {}}
    changed = double.api("PATCH", f"{BILLS}/{bill['id']}", token=token, json={"bill": {"memo": "m", **extra}})
    assert changed.status_code == 200, changed.text
    seen = double.api("GET", f"{BILLS}/{bill['id']}", token=token).json()["bill"]
    assert {**seen, **dict.fromkeys(("memo", "updated_at", "last_synced_at"))} == {
        **bill, **dict.fromkeys(("memo", "updated_at", "last_synced_at"))}  # fmt: skip
    vendor = {"vendor_name": "New", "contact_name": "New", "currency_code": "USD", **extra}
    made = double.api("POST", "/accounting/vendors", token=token, json={"vendor": vendor}).json()["vendor"]
    assert made["id"] is not None
    assert made["platform_id"] != "9"
    assert made["created_at"] > "2002"


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b"1", b'"x"', b"{", b"NaN", b'{"bill": NaN}', b'{"bill": 1e999}', b'{"a": "\\ud800"}',
     b'{"\\udfff": 1}', b"\xff\xfe", b'{"a": "\xff"}', b"\x00", b"[" * DEEP + b"]" * DEEP, b"[" * 5000 + b"]" * 5000,
     b"[" * 200_000, b'{"a":' * DEEP + b"1" + b"}" * DEEP, b'{"bill": ' + b"9" * 5000 + b"}", b"--x\r\n"],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["application/json", "text/plain", "multipart/form-data"])
def test_a_body_that_is_no_object_is_a_400(double, body, kind):
    """Whatever the media type says: writes of every kind refuse it, and none of them fails."""
    token, headers = double.token("QUICKBOOKS"), {"Content-Type": kind}
    bill = first(double, BILLS)["id"]
    for path in (BILLS, f"{BILLS}/{bill}/attachments", "/connections/backfill", "/configs/sync/platforms/XERO",
                 "/item/public_token/exchange", "/acp/shop/checkout_sessions"):  # fmt: skip
        answer = double.api("POST", path, token=token, content=body, headers=headers)
        assert answer.status_code == 400, (path, answer.text)
    if body:
        answer = double.api("DELETE", f"{BILLS}/none", token=token, content=body, headers=headers)
        assert answer.status_code == 400


def test_json_in_other_encodings_is_json(double):
    """UTF-16 and UTF-8 with a mark are read, as are characters outside of the first plane and NUL in texts."""
    token = double.token("QUICKBOOKS")
    for number, encoding in enumerate(("utf-8", "utf-8-sig", "utf-16")):
        name = f"\x00 Ünï 名前 \U0001f600 {number}"
        text = json.dumps({"vendor": {"vendor_name": name, "contact_name": name, "currency_code": "USD"}})
        made = double.api("POST", "/accounting/vendors", token=token, content=text.encode(encoding)).json()["vendor"]
        assert made["vendor_name"] == name
        assert double.rows("/accounting/vendors", token)[made["id"]]["vendor_name"] == name


@pytest.mark.parametrize("value", ["", "0", "-1", "1.5", "x", "²", "٣", "1" * 5000, "\x00"])
def test_a_number_that_cannot_be_read_is_a_400(double, value):
    """`limit` and the windows of milliseconds, on lists and events; `limit` is positive besides."""
    token = double.token("QUICKBOOKS")
    for path in (BILLS, "/events"):
        params = {"limit": value, "type": "object_deleted"}
        assert double.api("GET", path, token=token, params=params).status_code == 400
        if value in {"", "1.5", "x", "²", "1" * 5000, "\x00"}:
            params = {"last_synced_at_min": value, "type": "object_deleted"}
            assert double.api("GET", path, token=token, params=params).status_code == 400, path


def test_time_goes_on_after_extreme_spans(double):
    """A look-back before the first year and a backfill to the last day end as any other does."""
    config = {"initialSync": {"batches": [{"timeFrameInMonths": 1e300, "entities": ["VENDOR"]}]},
              "incrementalSync": {"syncPeriodInMinutes": 60, "entities": ["VENDOR"]}}  # fmt: skip
    made = double.api("POST", "/connections/create", json={**MADE_OF, "syncConfig": config}).json()["connection"]
    body = {"start_date": "2025-01-01", "end_date": "9999-12-31", "object_types": ["bill"]}
    assert double.api("POST", "/connections/backfill", token=double.token("QUICKBOOKS"), json=body).status_code == 200
    double.advance(86_400)
    assert double.connection(made["id"])["status"] == "active"
    assert double.rows("/accounting/vendors", made["access_token"])


@pytest.mark.parametrize("id", ["%00", "a%00b", "%ED%A0%80", "%FF", "x" * 3000, "%F0%9F%98%80"])
def test_an_id_that_nothing_can_have_is_unknown(double, id):
    """Whatever bytes a path holds: an object, a connection, a merchant's session with that id is not there."""
    token = double.token("QUICKBOOKS")
    for path in (f"{BILLS}/{id}", f"{BILLS}/{id}/attachments", f"/connections/{id}", f"/jobs/{id}",
                 f"/acp/{id}/checkout_sessions/{id}", f"/configs/webhooks/{id}"):  # fmt: skip
        for method, body in (("GET", None), ("PATCH", {"bill": {"memo": "m"}, "name": "n"})):
            answer = double.api(method, path, token=token, json=body)
            assert answer.status_code in {400, 404, 410}, (method, path, answer.text)
    assert double.api("DELETE", f"{BILLS}/{id}", token=token).json() == {"code": "not_found", "success": False}
    made = double.api("POST", f"/acp/{id}/checkout_sessions", json={"items": [{"id": "sku", "quantity": 1}]}).json()
    assert double.api("GET", f"/acp/{id}/checkout_sessions/{made['id']}").json() == made
