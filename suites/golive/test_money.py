"""Money: amounts are exact numbers that add up."""

from contextlib import suppress

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from harness.checks.money import AmountKept, Amounts
from harness.checks.paths import exact, first
from harness.drive import Inconclusive

EXAMPLES = 4


@pytest.mark.case("money.read")
def test_amounts_of_the_list_are_exact(proof, judge):
    """Amounts are JSON numbers where the contract says so, in the minor units of their currency."""
    rows = proof.rows()
    subject = Amounts(*proof.base, proof.described, rows.rows, rows.origins)
    judge(subject, "money.number", "money.minor_units", "money.currency")


@pytest.mark.case("money.totals")
def test_totals_follow_from_lines(proof, judge):
    """Totals are the sums of their lines, what is due follows from what was paid, journals balance."""
    rows = proof.rows()
    judge(Amounts(*proof.base, proof.described, rows.rows, rows.origins), "money.totals")
    theirs = proof.foreign()
    judge(Amounts(*proof.base, proof.described, theirs.rows, theirs.origins), "money.usual_sums")


@pytest.mark.case("money.generated")
def test_any_amount_comes_back(proof, judge, drive, case):
    """Generated amounts come back to the last decimal."""
    path = case.params["path"]

    @settings(max_examples=EXAMPLES, database=None, derandomize=True, deadline=None,
              suppress_health_check=list(HealthCheck), phases=[Phase.generate])  # fmt: skip
    @given(st.decimals(min_value="0.01", max_value="9999999.99", places=2))
    def prove(amount):
        with suppress(Inconclusive):  # told by what was judged; the next example may have another end
            _send(proof, judge, drive, path, [float(amount)])

    prove()


@pytest.mark.case("money.noise")
def test_sums_have_no_binary_noise(proof, judge, drive, case):
    """A tenth and two tenths are three tenths; cents beside millions, and beside more, are kept."""
    path = case.params["path"]
    amounts = [[0.1, 0.2], [98_765_432.01, 0.98]] if path.startswith("line_items") else [[0.3], [98_765_432.01]]
    for values in amounts:
        _send(proof, judge, drive, path, values)


@pytest.mark.case("money.credit_line")
def test_a_line_may_take_off(proof, judge, drive, case):
    """A line below zero and a line of zero, where the platform takes them, come back as they were."""
    _send(proof, judge, drive, case.params["path"], [120.5, -20.25, 0], refusable=True)


@pytest.mark.case("money.currency")
def test_minor_units_of_the_currency_are_kept(proof, judge, drive, case):
    """Yen without decimals and dinars with three come back as they were."""
    _send(proof, judge, drive, case.params["path"], [_number(case.params["amount"])], case.params["currency"])


def _number(text):
    return float(text) if "." in text else int(text)


def _send(proof, judge, drive, path, amounts, currency=None, *, refusable=False):
    """Create with these amounts, one a line, and judge what the answer and the object hold."""
    body = drive.minimal_input()
    if path.startswith("line_items"):
        line = body["line_items"][0]
        body["line_items"] = [_line(line, amount) for amount in amounts]
    else:
        body[path] = amounts[0]
    if currency is not None:
        body["currency_code"] = currency
    write = proof.attempt(body)
    if refusable and write.status is not None and 400 <= write.status < 500:
        drive.inconclusive(f"the platform refuses such amounts with {write.status}; no document says that it must not")
    if not write.ok or write.entity is None:
        proof.written(write, "create", body)
    seen, answer = proof.read(write.id)
    total = sum(exact(amount) for amount in amounts)
    for where, entity, id in (("the answer", write.entity, write.evidence.id), ("the object", seen, answer.id)):
        lines = (entity or {}).get("line_items") if path.startswith("line_items") else None
        for index, amount in enumerate(amounts):
            value = _at(lines, index) if lines is not None else first(entity, path)
            judge(AmountKept(*proof.base, path, amount, value, where, (write.evidence.id, id)), "money.round_trip")
        whole = "total_amount"
        if whole in proof.described.fields and proof.described.fields[whole].on(proof.case.platform):
            subject = AmountKept(*proof.base, whole, total, first(entity, whole), where, (write.evidence.id, id))
            judge(subject, "money.round_trip")
        if currency is not None and entity is not None and "currency_code" in proof.described.fields:
            judge(proof.sent_and_seen({"currency_code": currency}, entity, where, id), "roundtrip.persisted")
    for entity, id in ((write.entity, write.evidence.id), (seen, answer.id)):
        if entity is not None:
            subject = Amounts(*proof.base, proof.described, (dict(entity),), (id,))
            judge(subject, "money.number", "money.minor_units", "money.totals")


def _line(line, amount):
    made = {**line, "total_amount": amount}
    if isinstance(made.get("item"), dict) and "unit_amount" in made["item"]:
        made["item"] = {**made["item"], "quantity": 1, "unit_amount": amount}
    return made


def _at(lines, index):
    line = lines[index] if index < len(lines) else None
    return line.get("total_amount") if isinstance(line, dict) else None
