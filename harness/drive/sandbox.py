"""What the provider's sandbox cannot decide. It answers the reads of two platforms; it echoes the writes of some
resources and keeps none of them; no platform stands behind it that could refuse one. Source:
[D:rest/2023-03-14/sandbox], trap 32."""

from harness.plan.case import Case

SANDBOX = "sandbox"
"""The target's name."""

ECHOED = frozenset(
    {"bills", "bill_credit_applications", "bill_credit_memos", "bill_payments", "customers", "expenses", "invoices",
     "journal_entries", "vendors"}
)  # fmt: skip
"""Resources whose POST and PATCH the sandbox answers."""

NEEDS_MEMORY = frozenset({"roundtrip", "idempotency", "ledger"})
"""Areas that judge what a write leaves behind."""

REMEMBERED = frozenset(
    {"jobs.update", "jobs.delete", "errors.write_isolation", "writes.update_invalid", "dates.round_trip",
     "dates.late_evening", "dates.generated", "money.generated", "money.noise", "money.credit_line", "money.currency"}
)  # fmt: skip
"""Kinds of other areas that do."""

REFUSED_BY_PLATFORMS = frozenset({"writes.reference", "writes.invalid", "jobs.failure"})

STATELESS = "the sandbox echoes writes and keeps none: run it against production with a platform's own test company"


def beyond_sandbox(case: Case) -> str | None:
    """Why the sandbox cannot decide a case; None when it can."""
    changing = case.kind == "errors.unknown_id" and case.detail in {"update", "delete"}
    if case.area in NEEDS_MEMORY or case.kind in REMEMBERED or changing:
        return STATELESS
    if case.kind in REFUSED_BY_PLATFORMS:
        return "no platform stands behind the sandbox that could refuse a write"
    writes = case.kind != "jobs.unknown" and (case.area in {"writes", "jobs"} or case.kind == "errors.write_access")
    if writes and (case.kind == "writes.unsupported" or case.resource not in ECHOED):
        return f"the sandbox takes no writes of {case.resource}"
    return None
