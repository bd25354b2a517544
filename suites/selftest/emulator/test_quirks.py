"""Platforms differ as their quirks say, and every quirk says where it is known from."""

import re

import pytest

from harness.emulator.quirks import facts, platforms
from harness.emulator.quirks.registry import QUIRKS

WANTED = {"QUICKBOOKS", "XERO", "NETSUITE", "SAGE_INTACCT", "DYNAMICS365", "ZOHOBOOKS", "QUICKBOOKS_DESKTOP", "SHOPIFY",
          "WOO_COMMERCE", "AMAZON", "STRIPE"}  # fmt: skip
SOURCE = re.compile(r"(S23|S24|D:|DA:|H:|LB:|INFERRED|UNKNOWN)")


def test_every_fact_has_its_source():
    """The eleven platforms have facts; each fact and each default names a source tag, and no quirk is without a use."""
    assert set(platforms()) >= WANTED
    told = [fact for platform in platforms() for fact in facts(platform)]
    assert all(SOURCE.match(fact.source) for fact in told)
    assert {fact.quirk for fact in told} == set(QUIRKS)


@pytest.fixture(scope="module")
def double(start):
    """An emulator with platforms that differ."""
    return start(frozen=False, connections=("QUICKBOOKS", "SAGE_INTACCT", "SAGE_INTACCT_V2", "NETSUITE", "ZOHOBOOKS",
                                            "SHOPIFY"))  # fmt: skip


def rows(double, path, platform, **query):
    """The first page of a list."""
    answer = double.api("GET", path, token=double.token(platform), params={"limit": 50, **query})
    return next(value for value in answer.json().values() if isinstance(value, list))


def test_a_filter_is_ignored_where_it_is_not_known(double):
    """The same filter narrows the list on one platform and does nothing on another."""
    narrow = 'vendor_name="no such vendor"'
    assert rows(double, "/accounting/vendors", "QUICKBOOKS", filter=narrow) == []
    assert len(rows(double, "/accounting/vendors", "SAGE_INTACCT", filter=narrow)) == 50


def test_an_update_must_repeat_every_line_where_the_platform_wants_it(double):
    """On Sage Intacct's second integration a line that is left out is refused; elsewhere it is gone."""
    for platform, wanted in (("SAGE_INTACCT_V2", 450), ("QUICKBOOKS", 200)):
        invoice = next(row for row in rows(double, "/accounting/invoices", platform) if len(row["line_items"]) > 1)
        line = {"platform_id": invoice["line_items"][0]["platform_id"], "total_amount": 3}
        answer = double.api("PATCH", f"/accounting/invoices/{invoice['id']}", token=double.token(platform),
                            json={"invoice": {"line_items": [line]}})  # fmt: skip
        assert answer.status_code == wanted, (platform, answer.text)


@pytest.mark.parametrize(("resource", "key"), [("products", "category_id"), ("orders", "transactions")])
def test_what_has_to_be_expanded_is_left_out_otherwise(double, resource, key):
    """A list has the category of a product and the transactions of an order only when asked for. Source: [S24]."""
    plain, expanded = (
        {row["id"]: row for row in double.rows(f"/{resource}", double.token("SHOPIFY"), **query).values()}
        for query in ({}, {"expand": key})
    )
    assert not [row for row in plain.values() if key in row]
    assert [row for row in expanded.values() if row.pop(key, None)]
    assert plain == expanded


def test_what_a_platform_lacks_is_a_404(double):
    """Zoho Books reads invoices and does not create them."""
    token = double.token("ZOHOBOOKS")
    assert double.api("GET", "/accounting/invoices", token=token).status_code == 200
    assert double.api("POST", "/accounting/invoices", token=token, json={"invoice": {}}).status_code == 404
