"""Operations beyond list, get, create, update and delete, over a real socket."""

from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from harness.contract import load_contract
from harness.emulator import EmulatorProcess, EmulatorSettings
from harness.emulator.fidelity import fidelities
from harness.emulator.operations import specials
from harness.emulator.operations.registry import FIDELITIES

PLAIN = {"list", "get", "create", "update", "delete"}
PLATFORMS = ("QUICKBOOKS", "NETSUITE", "SHOPIFY", "PLAID", "SAGE_INTACCT", "FREEAGENT")


@pytest.fixture(scope="module")
def call():
    """A caller of an emulator with a connection to each kind of platform."""
    process = EmulatorProcess.start(EmulatorSettings(rate_limit=0, connections=PLATFORMS))
    environment = process.environment()
    auth = (environment["RUTTER_CLIENT_ID"], environment["RUTTER_CLIENT_SECRET"])
    http = httpx.Client(base_url=process.base_url, auth=auth, headers={"X-Rutter-Version": "2024-08-31"}, timeout=20)

    def send(method, path, platform="QUICKBOOKS", **options):
        query = options.pop("params", {})
        if platform is not None:
            query = {**query, "access_token": environment[f"RUTTER_ACCESS_TOKEN_{platform}"]}
        return http.request(method, path, params=query, **options)

    yield send
    http.close()
    process.stop()


def rows(call, path, platform="QUICKBOOKS", **query):
    """The first page of a list."""
    body = call("GET", path, platform, params={"limit": 100, **query}).json()
    return next(value for value in body.values() if isinstance(value, list))


def test_every_operation_of_the_contract_has_an_answer():
    """No operation of the contract falls through: it is plain, about connections and configurations, or special."""
    own = {"connections", "token_exchanges", "webhook_configs", "connection_sync_configs", "platform_sync_configs",
           "jobs", "events"}  # fmt: skip
    for resource in load_contract().resources.values():
        for name in resource.operations:
            known = resource.name in own or (resource.name, name) in specials()
            assert known or (name in PLAIN and resource.schema_name is not None), f"{name} of {resource.name}"


def test_an_attachment_comes_back_byte_for_byte(call):
    """A file sent as a form is listed under its document and downloaded by its platform id, not by its own."""
    bill = rows(call, "/accounting/bills")[0]["id"]
    content = b"\x00\r\n--not-the-boundary\r\n\xff\n" * 3
    made = call("POST", f"/accounting/bills/{bill}/attachments", files={"file": ("a.bin", content)},
                data={"file_name": "a.bin"})  # fmt: skip
    assert made.status_code == 200
    assert made.headers["x-rutter-job-id"]
    told = made.json()["attachment"]
    assert (told["attached_to_id"], told["attached_to_type"], told["file_name"]) == (bill, "bill", "a.bin")
    assert call("GET", f"/accounting/bills/{bill}/attachments").json()["attachments"] == [told]
    path = f"/accounting/bills/{bill}/attachments/{{}}/file"
    assert call("GET", path.format(told["platform_id"])).content == content
    assert call("GET", path.format(told["id"])).status_code == 410


def test_an_upload_needs_both_fields_and_a_document(call):
    """Without file_name it is a 400 that is not accepted; at an unknown document a 410."""
    bill = rows(call, "/accounting/bills")[0]["id"]
    bad = call("POST", f"/accounting/bills/{bill}/attachments", files={"file": ("a.txt", b"a")})
    assert bad.status_code == 400
    assert "x-rutter-job-id" not in bad.headers
    whole = {"file": "text", "file_name": "a.txt"}
    assert call("POST", "/accounting/bills/00000000-0000-4000-8000-000000000009/attachments",
                json=whole).status_code == 410  # fmt: skip
    assert call("POST", f"/accounting/bills/{bill}/attachments", json=whole).status_code == 200


def test_the_same_upload_under_one_key_is_one_file(call):
    """The boundary of a form is random, its parts are what makes two uploads the same."""
    invoice = rows(call, "/accounting/invoices")[0]["id"]
    path, key = f"/accounting/invoices/{invoice}/attachments", {"Idempotency-Key": "one"}
    first, again = (call("POST", path, files={"file": ("b", b"b")}, data={"file_name": "b"}, headers=key)
                    for _ in range(2))  # fmt: skip
    assert first.json() == again.json()
    other = call("POST", path, files={"file": ("b", b"c")}, data={"file_name": "b"}, headers=key)
    assert other.status_code == 409


def test_an_unapplied_credit_leaves_no_trace(call):
    """Applying a credit lowers what is due and what remains; taking it back restores both."""
    bills = {bill["vendor_id"]: bill for bill in rows(call, "/accounting/bills", limit=500)
             if bill["amount_due"] > 2 and bill["currency_code"] == "USD"}  # fmt: skip
    memo = next(
        memo
        for memo in rows(call, "/accounting/bill_credit_memos", limit=500)
        if memo["vendor_id"] in bills and memo["currency_code"] == "USD" and memo["remaining_amount"] > 2
    )
    bill = bills[memo["vendor_id"]]
    body = {
        "bill_credit_application": {
            "bill_credit_memo_id": memo["id"],
            "vendor_id": memo["vendor_id"],
            "currency_code": "USD",
            "transaction_date": "2024-03-01T00:00:00.000Z",
            "linked_bills": [{"id": bill["id"], "allocated_amount": 1.5}],
        }
    }
    assert call("POST", "/accounting/bill_credit_applications", json=body).status_code == 200

    def state():
        now = call("GET", f"/accounting/bills/{bill['id']}").json()["bill"]
        left = call("GET", f"/accounting/bill_credit_memos/{memo['id']}").json()["bill_credit_memo"]
        return now["amount_due"], len(now["linked_credit_memos"]), left["remaining_amount"], len(left["linked_bills"])

    before = (bill["amount_due"], len(bill["linked_credit_memos"]), memo["remaining_amount"], len(memo["linked_bills"]))
    assert state() == pytest.approx((before[0] - 1.5, before[1] + 1, before[2] - 1.5, before[3] + 1))
    undo = {"bill_credit_unapplication": {"bill_credit_memo_id": memo["id"], "bill_id": bill["id"]}}
    assert call("POST", "/accounting/bill_credit_applications/unapply", json=undo).status_code == 200
    assert state() == before
    assert call("POST", "/accounting/bill_credit_applications/unapply", json=undo).status_code == 450


def test_statements_balance_and_agree(call):
    """Assets are liabilities plus equity in every month; earnings move equity; cash flow ends at the bank's balance."""
    span = {"start_date": "2024-01-01", "end_date": "2024-12-31"}
    sheets = call("GET", "/accounting/balance_sheets", params=span).json()["balance_sheets"]
    earned = call("GET", "/accounting/income_statements", params=span).json()["income_statements"]
    flows = call("GET", "/accounting/cash_flow_statements", params=span).json()["cash_flows"]
    assert [len(item) for item in (sheets, earned, flows)] == [12, 12, 12]
    banks = {row["id"] for row in rows(call, "/accounting/accounts", limit=500) if row["account_type"] == "bank"}
    for number, (sheet, income, flow) in enumerate(zip(sheets, earned, flows, strict=True)):
        assert Decimal(sheet["total_assets"]) == Decimal(sheet["total_liabilities"]) + Decimal(sheet["total_equity"])
        cash = sum(Decimal(item["value"]) for item in sheet["assets"]["items"] if item["account_id"] in banks)
        assert Decimal(flow["ending_balance"]) == cash
        kept = [Decimal(item["equity"]["items"][-1]["value"]) for item in sheets[max(number - 1, 0) : number + 1]]
        assert number == 0 or kept[1] - kept[0] == Decimal(income["net_income"])
        moved = sum(Decimal(flow[f"total_{name}"]) for name in ("operating", "investing", "financing"))
        assert Decimal(flow["ending_balance"]) - Decimal(flow["starting_balance"]) == moved


def test_a_new_bill_moves_the_statements(call):
    """What is written stands in the books: expenses and liabilities of its month grow by its total."""
    span = {"start_date": "2022-05-01", "end_date": "2022-05-31"}

    def figures():
        income = call("GET", "/accounting/income_statements", params=span).json()["income_statements"][0]
        sheet = call("GET", "/accounting/balance_sheets", params=span).json()["balance_sheets"][0]
        return Decimal(income["total_expenses"]), Decimal(sheet["total_liabilities"])

    before = figures()
    account = rows(call, "/accounting/accounts", filter='account_type="expense"')[0]["id"]
    bill = {"vendor_id": rows(call, "/accounting/vendors")[0]["id"], "issue_date": "2022-05-09T00:00:00.000Z",
            "currency_code": "USD", "line_items": [{"account_id": account, "total_amount": 12.34}]}  # fmt: skip
    assert call("POST", "/accounting/bills", json={"bill": bill}).status_code == 200
    assert figures() == (before[0] + Decimal("12.34"), before[1] + Decimal("12.34"))


def test_a_metric_is_that_of_the_statements(call):
    """net_income of the metrics is net_income of the income statements, month by month."""
    metric = call("GET", "/accounting/metrics/net_income").json()["net_income"]
    statements = call("GET", "/accounting/income_statements").json()["income_statements"]
    assert [item["value"] for item in metric] == [item["net_income"] for item in statements]


def test_a_parcel_shows_in_its_order(call):
    """Sending all lines of an order makes it fulfilled."""
    order = next(row for row in rows(call, "/orders", "SHOPIFY") if row["fulfillments"] == [])
    lines = [{"line_item_id": line["id"], "quantity": line["quantity"]} for line in order["line_items"]]
    parcel = {"fulfillment": {"carrier": "UPS", "tracking_number": "1Z", "line_items": lines}}
    made = call("POST", f"/orders/{order['id']}/fulfillments", "SHOPIFY", json=parcel).json()["fulfillment"]
    after = call("GET", f"/orders/{order['id']}", "SHOPIFY").json()["order"]
    assert after["fulfillments"] == [made]
    assert after["fulfillment_status"] == "fulfilled"


def test_variants_live_in_their_product(call):
    """A variant is made, changed and removed in its product."""
    product = rows(call, "/products", "SHOPIFY")[0]["id"]
    variant = {"price": 5, "sku": "S-1", "option_values": [{"name": "Size", "value": "XL"}]}
    made = call("POST", f"/products/{product}/variants", "SHOPIFY", json={"variant": variant}).json()["variant"]
    path = f"/products/{product}/variants/{made['id']}"
    changed = call("PATCH", path, "SHOPIFY", json={"variant": {"id": made["id"], "price": 6}}).json()["variant"]
    assert changed["price"] == 6
    assert changed["sku"] == "S-1"
    assert changed in call("GET", f"/products/{product}", "SHOPIFY").json()["product"]["variants"]
    assert call("DELETE", path, "SHOPIFY").json() == {"productId": product, "variantId": made["id"]}
    assert call("PATCH", path, "SHOPIFY", json={"variant": {"id": made["id"]}}).status_code == 410


def test_a_checkout_is_paid_once(call):
    """A session goes from its basket to payment, and a paid one can be neither paid nor given up."""
    path = "/acp/shop-1/checkout_sessions"
    session = call("POST", path, None, json={"items": [{"id": "sku", "quantity": 2}]}).json()
    assert session["status"] == "not_ready_for_payment"
    pay = {"payment_data": {"provider": "stripe", "token": "tok"}}
    done = call("POST", f"{path}/{session['id']}/complete", None, json=pay).json()
    assert done["status"] == "completed"
    assert done["order"]["id"]
    assert call("POST", f"{path}/{session['id']}/complete", None, json=pay).status_code == 450
    assert call("POST", f"{path}/{session['id']}/cancel", None, json={}).status_code == 450
    assert call("GET", f"/acp/shop-2/checkout_sessions/{session['id']}", None).status_code == 410


def test_card_numbers_do_not_reach_the_job(call):
    """The job of a card activation does not repeat the card."""
    vendor = rows(call, "/accounting/vendors")[0]["id"]
    card = {"pan": "4242424242424242", "cvc": "123", "exp_date": "12/30"}
    made = call("POST", "/supplier_enablement/card_activations",
                json={"card_activation": {"vendor_id": vendor, "card": card}})  # fmt: skip
    job = call("GET", f"/jobs/{made.headers['x-rutter-job-id']}", None)
    assert job.json()["status"] == "success"
    assert "4242" not in job.text


def test_what_a_platform_lacks_is_a_404(call):
    """Operations of other domains, and those that the platform lacks, are 404 as documented."""
    for path, platform in (
        ("/orders", "QUICKBOOKS"),
        ("/accounting/bills", "PLAID"),
        ("/hris/employees", "SHOPIFY"),
        ("/accounting/invoices/x/attachments", "FREEAGENT"),
        ("/balance", "QUICKBOOKS"),
    ):
        assert call("GET", path, platform).status_code == 404, path
    assert call("GET", "/banking/bank_accounts", "PLAID").status_code == 200


def test_a_statement_can_be_asked_for_as_a_job(call):
    """`response_mode=async` on a statement answers a job whose result is the list."""
    told = call("GET", "/accounting/balance_sheets", params={"response_mode": "async"}).json()["async_response"]
    done = {}
    while done.get("status") in {None, "pending"}:
        done = call("GET", f"/jobs/{told['id']}", None).json()
    assert done["status"] == "success"
    assert done["response"]["body"]["balance_sheets"]


def test_the_fidelity_of_every_operation_is_told():
    """Each of the contract's operations has a line that says what its behaviour is known from; the README says 247."""
    contract = load_contract()
    told = list(fidelities(contract))
    wanted = sorted(
        item.operation_id for resource in contract.resources.values() for item in resource.operations.values()
    )
    assert sorted(item.operation for item in told) == wanted
    assert {item.known_from for item in told} == set(FIDELITIES)
    readme = (Path(__file__).resolve().parents[3] / "README.md").read_text(encoding="utf-8")
    section = readme.partition("## The emulator, and what it is not")[2].partition("\n## ")[0]
    assert section.lstrip().startswith("It does **not** imitate")
    assert f"{len(told)} operations" in section
