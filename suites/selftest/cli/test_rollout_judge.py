"""The checks on the sampled answers of a load test."""

import json
from datetime import UTC, datetime
from pathlib import Path

from harness.cli.rollout_judge import judge_samples
from harness.contract import load_contract
from harness.core import Evidence, Exchange, Redactor
from harness.core.exchange import Request, Response

MOMENT = "2026-01-31T21:19:59.300Z"
ROW = {
    "id": "cb93dc48-f6ed-5969-8bf3-c0bb1af39d90",
    "platform_id": "1100",
    "parent_id": None,
    "account_type": "other_asset",
    "category": "asset",
    "status": "active",
    "balance": 7931.37,
    "currency_code": "EUR",
    "name": "Stock",
    "nominal_code": "1100",
    "subsidiaries": [],
    "created_at": MOMENT,
    "updated_at": MOMENT,
    "last_synced_at": MOMENT,
    "platform_url": "https://example.com/accounts/100",
}


def answer(rows: list[dict[str, object]]) -> Evidence:
    """A list of accounts as it is sampled."""
    body = json.dumps({"accounts": rows, "next_cursor": None}).encode()
    exchange = Exchange(
        Request("GET", "http://127.0.0.1/versioned/accounting/accounts?limit=100", (), b""),
        Response(200, (("content-type", "application/json"),), body),
        None,
        datetime.now(UTC),
        0.0,
        platform="XERO",
        resource="accounts",
        operation="list",
    )
    return Redactor(b"k" * 16, prefix="load0").evidence(exchange, case="queries/pages/XERO/accounts")


def test_every_row_of_a_sample_is_judged(tmp_path: Path) -> None:
    """A row without its id is seen at the end of a page too; good answers are then kept with their first rows."""
    file = tmp_path / "samples.ndjson"
    bad = [*[ROW] * 99, {name: value for name, value in ROW.items() if name != "id"}]
    file.write_text("".join(json.dumps(answer(rows).to_json()) + "\n" for rows in ([ROW] * 100, bad)))
    found = judge_samples(file, load_contract())
    assert (found.judged, found.refused) == (2, 1)
    assert "fields.present on XERO accounts" in found.messages[0]
    kept = [Evidence.from_json(json.loads(line)) for line in file.read_text().splitlines()]
    assert [len(evidence.body["accounts"]) for evidence in kept] == [20, 100]
