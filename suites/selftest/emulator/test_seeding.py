"""Lists as long as one likes: every row valid, every reference resolving, every page there."""

from decimal import Decimal

import pytest

from harness.contract import load_contract
from harness.emulator import EmulatorSettings
from harness.emulator.answering import Api
from harness.emulator.documents import Query, next_place
from harness.emulator.seeding import grow, unseen
from harness.emulator.server import serve

ROWS = 700


def grown(database, size):
    """An emulator whose bills have been grown."""
    settings = EmulatorSettings(database=database, seed_size=size, connections=("QUICKBOOKS",))
    api = Api(load_contract(), settings, "http://127.0.0.1/versioned")
    grow(api.store, api.contract, settings, api.organisation, unseen)
    (connection,) = api.organisation.connections
    return api, connection


def test_grown_rows_are_as_good_as_the_seeded_ones():
    """Each row is valid, differs from every other in id and number, owes its total, and names rows that exist."""
    api, connection = grown(None, ROWS)
    rows = [row.document for row in api.store.iterate(connection, "bills")]
    assert len(rows) == ROWS
    for field in ("id", "platform_id"):
        assert len({row[field] for row in rows}) == ROWS
    validator = api.contract.validator("Bill")
    for row in rows[200:]:
        assert list(validator.problems(row)) == []
        total = sum(Decimal(str(line["total_amount"])) for line in row["line_items"])
        assert row["amount_due"] == row["total_amount"] == float(total)
        assert api.store.get(connection, "vendors", row["vendor_id"]) is not None
    api.store.close()


class Enough(Exception):
    """Somebody stops the start."""


def test_a_start_that_was_stopped_keeps_what_it_had_grown(tmp_path):
    """An emulator that is ended while its lists grow has lost no more than the chunk it was at."""
    settings = EmulatorSettings(database=str(tmp_path / "books.sqlite"), seed_size=5_500, connections=("QUICKBOOKS",))
    seen = []

    def watch(_name, rows, _total):
        seen.append(rows)
        if len(seen) > 1:
            raise Enough

    with pytest.raises(Enough):
        serve(settings, on_ready=lambda _: None, progress=watch)
    again, connection = grown(settings.database, 0)
    assert again.store.count(connection, "bills") == seen[1] > seen[0]
    again.store.close()


def test_growth_goes_on_where_it_ended(tmp_path):
    """A database that was grown is grown further by a later start, and not again by one that asks for no more."""
    file = str(tmp_path / "books.sqlite")
    first, connection = grown(file, 300)
    ids = [row.id for row in first.store.iterate(connection, "bills")]
    first.store.close()
    second, _ = grown(file, ROWS)
    more = [row.id for row in second.store.iterate(connection, "bills")]
    assert more[: len(ids)] == ids
    assert len(set(more)) == ROWS
    second.store.close()
    third, _ = grown(file, 100)
    assert third.store.count(connection, "bills") == ROWS
    after, walked = None, 0
    while page := third.store.page(connection, "bills", Query(after=after, limit=64)):
        walked, after = walked + len(page), next_place(page[-1], None)
    assert walked == ROWS
    third.store.close()
