"""AccountingTransaction rows: one per document, with its day as a plain date. Source: [S24]."""

from typing import Any

from harness.emulator.bookkeeping.generate import World
from harness.emulator.bookkeeping.recipes import document

TYPES = {
    "bills": "bill", "bill_payments": "bill_payment", "expenses": "expense", "invoices": "invoice",
    "invoice_payments": "invoice_payment", "journal_entries": "journal_entry", "bank_deposits": "bank_deposit",
}  # fmt: skip
"""Resource -> the word in `rutter_transaction_type` that names it; only those that the contract's enum has are used."""


def mirror_transactions(world: World, books: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Transactions that mirror the first documents of each kind, up to the resource's row count."""
    resource = world.contract.resource("transactions")
    allowed = resource.fields["rutter_transaction_type"].enum
    linked = resource.fields["rutter_transaction_id"].on(world.platform)
    sources = [
        (name, row) for name, word in TYPES.items() if allowed is None or word in allowed for row in books.get(name, ())
    ]
    mirrored = []
    for number, (name, row) in enumerate(sources[: world.count("transactions")]):
        made = document(world, resource, number)
        date = row.get("transaction_date") or row.get("txn_date") or row.get("issue_date")
        made["transaction_date"] = date[:10] if date else "2024-01-01"
        made["rutter_transaction_type"] = TYPES[name]
        made["rutter_transaction_id"] = row["id"] if linked else None
        mirrored.append(made)
    return mirrored
