"""Queries: every list parameter, held against the client's own selection from the whole list."""

import pytest

from harness.checks import get_check
from harness.checks.errors import Failing
from harness.checks.oracle import choose_values, fits, kind_of, millis, page_size
from harness.checks.queries import Expanded, Limited, Ordered, Paged, Selected

SMALL = 7
WHOLE = 100
"""The largest limit is UNKNOWN, and a larger one may be refused: the one that whole lists are read with is safe."""
LARGE = 500
"""The largest limit that code of integrators asks for. Source: [I]."""
LIKELY = ("memo", "currency_code", "description", "email")
"""Fields that a filter is likely to be tried on."""
LEAST_MONTHS = 4
YEAR = 12
DEFAULT_LIMIT = 50
"""Source: [S24] limit."""


@pytest.mark.case("queries.pages")
def test_small_pages_hold_the_whole_list(proof, judge, drive):
    """Small pages together hold exactly the rows of the whole list, and end."""
    before = proof.snapshot(refresh=True)  # where pages end is chosen by what is there now
    limit = page_size(before.rows, max(2, min(SMALL * 5, -(-len(before.rows) // 4))))
    walk = drive.walk(proof.name, limit=limit)
    subject = _paged(proof, walk, limit, before, before)
    if list(get_check("queries.pages_complete").function(subject)):  # rows may have come or gone: both lists count
        subject = _paged(proof, walk, limit, before, proof.snapshot(refresh=True))
    judge(subject, "queries.pages_end", "queries.pages_disjoint", "queries.pages_complete")
    for number, page in enumerate(walk.pages[:-1]):
        rows = sum(origin == number for origin in walk.origins)
        judge(Limited(*proof.base, limit, True, rows, len(before.rows), "more", (page.id,)), "queries.limit")


def _paged(proof, walk, limit, before, after):
    pages = [[] for _ in walk.pages]
    for row, origin in zip(walk.rows, walk.origins, strict=True):
        pages[origin].append(str(row.get("id")))
    old, new = set(before.by_id), set(after.by_id)
    return Paged(
        *proof.base, tuple(map(tuple, pages)), walk.evidence_ids, limit, walk.complete, walk.problem,
        frozenset(old & new), frozenset(old | new),
    )  # fmt: skip


@pytest.mark.case("queries.limit")
def test_limit_is_kept(proof, judge, drive):
    """A page has as many rows as asked, 50 when nothing is asked."""
    for asked in (1, 3, None):
        total = len(proof.snapshot().rows)
        page = drive.page(proof.name, **({"limit": asked} if asked else {}))
        rows = page.body.get(proof.described.list_key or proof.name) if page.ok else []
        wanted = asked or DEFAULT_LIMIT
        count = len(rows) if isinstance(rows, list) else 1
        if count != min(wanted, total) or (page.ok and bool(page.body.get("next_cursor")) != (total > wanted)):
            total = len(proof.snapshot(refresh=True).rows)
        cursor = page.body.get("next_cursor") if page.ok else None
        judge(Limited(*proof.base, wanted, asked is not None, count, total, cursor, (page.id,)), "queries.limit")


@pytest.mark.case("queries.limit_large")
def test_a_large_page_loses_nothing(proof, judge, drive):
    """The largest page in use holds all rows that it can; a target may have a smaller maximum, or refuse it."""
    total = len(proof.snapshot().rows)
    page = drive.page(proof.name, limit=LARGE)
    if not page.ok:
        drive.inconclusive(f"limit={LARGE} is answered {page.status}: the largest limit is UNKNOWN")
    rows, cursor = page.body.get(proof.described.list_key or proof.name), page.body.get("next_cursor")
    count = len(rows) if isinstance(rows, list) else 1
    if cursor is None and count != min(LARGE, total):
        total = len(proof.snapshot(refresh=True).rows)
    limit = LARGE if cursor is None else count
    judge(Limited(*proof.base, limit, True, count, total, cursor, (page.id,)), "queries.limit")


@pytest.mark.case("queries.default_order")
def test_the_newest_change_comes_first(proof, judge, drive):
    """Without a sort the list is ordered by updated_at, newest first."""
    if "updated_at" not in proof.described.fields:
        drive.inconclusive("the resource has no updated_at: there is no default order to judge")
    walk = drive.walk(proof.name, max_pages=2, limit=DEFAULT_LIMIT)
    values = tuple(row.get("updated_at") for row in walk.rows)
    subject = Ordered(*proof.base, "the list without sort", "updated_at", values, True, "date", (), frozenset(),
                      walk.evidence_ids)  # fmt: skip
    judge(subject, "queries.default_order")


@pytest.mark.case("queries.sort")
def test_sort_orders_the_whole_list(proof, judge, drive, case):
    """A sort orders by the field in the asked direction, ascending when none is asked."""
    field = case.params["field"]
    asked = [(f"{field} ASC", False, True), (f"{field} DESC", True, False)]
    if field == proof.requirement.sort[0]:
        asked.append((field, False, False))
    for text, descending, whole in asked:
        before = proof.snapshot()
        limit = min(WHOLE, max(2, -(-len(before.rows) // 2))) if whole else 30
        walk = drive.walk(proof.name, limit=limit, sort=text, max_pages=50 if whole else 1)
        ids = tuple(str(row.get("id")) for row in walk.rows)
        must = set(before.by_id)
        if whole and must - set(ids):
            must &= set(proof.snapshot(refresh=True).by_id)
        if not whole:
            must = set()
        values = tuple(row.get(field) for row in walk.rows)
        subject = Ordered(*proof.base, f"sort={text}", field, values, descending, kind_of(proof.described, field), ids,
                          frozenset(must), walk.evidence_ids[-2:])  # fmt: skip
        judge(subject, "queries.sort")


@pytest.mark.case("queries.filter")
def test_filter_returns_what_fits(proof, judge, drive, case):
    """Each operator of a filter returns exactly the rows that fit."""
    field = case.params["field"]
    rows = proof.snapshot().rows
    conditions = choose_values(proof.described, field, rows)
    if not conditions:
        drive.inconclusive(f"no row of {proof.name} on {case.platform} has a {field}: nothing to filter by")
    for operator, value in conditions:
        _filtered(proof, judge, drive, [(field, operator, value)])


@pytest.mark.case("queries.filter_and")
def test_two_conditions_both_hold(proof, judge, drive):
    """Conditions joined by AND both hold."""
    first, second = _two_conditions(proof, drive)
    _filtered(proof, judge, drive, [first, second])
    _filtered(proof, judge, drive, [second, first])


@pytest.mark.case("queries.filter_pages")
def test_a_filter_holds_on_every_page(proof, judge, drive):
    """A filtered list walked in small pages holds the filter on every page."""
    rows = proof.snapshot().rows
    field = next((name for name in ("updated_at", "last_synced_at") if name in proof.requirement.filter), None)
    values = sorted({row[field] for row in rows if isinstance(row.get(field), str)}) if field else []
    if not values:
        drive.inconclusive(f"{proof.name} on {proof.case.platform} has no timestamp to filter by")
    _filtered(proof, judge, drive, [(field, ">", values[len(values) // 2])], limit=max(2, len(rows) // 6))


@pytest.mark.case("queries.combined")
def test_parameters_hold_together(proof, judge, drive, case):
    """A filter, a sort and, where there are, a window and an expansion hold together, on every page."""
    rows, field = proof.snapshot().rows, case.params["filter"]
    marks = sorted({row[field] for row in rows if isinstance(row.get(field), str)})
    if not marks:
        drive.inconclusive(f"{proof.name} on {case.platform} has no {field} to filter by")
    window = case.params["window"]
    stamps = sorted({stamp for row in rows if (stamp := millis(row.get("updated_at"))) is not None}) if window else []
    most = stamps[len(stamps) * 3 // 4] if stamps else None
    bound, sort = marks[len(marks) // 4], case.params["sort"]

    def oracle(source):
        return {
            row["id"]
            for row in source.rows
            if isinstance(row.get("id"), str)
            and fits(row, field, ">", bound)
            and (most is None or ((moved := millis(row.get("updated_at"))) is not None and moved <= most))
        }

    before = proof.snapshot()
    expands = "expand" in proof.requirement.params and "platform_data" in proof.described.fields
    query = {"filter": f'{field}>"{bound}"', "sort": f"{sort} DESC", **({window: most} if most is not None else {}),
             **({"expand": "platform_data"} if expands else {})}  # fmt: skip
    walk = drive.walk(proof.name, **query, limit=min(WHOLE, max(2, -(-len(oracle(before)) // 2))))
    told = "&".join(f"{name}={value}" for name, value in query.items())
    _select(proof, judge, walk, told, field, before, oracle, "queries.filter")
    values = tuple(row.get(sort) for row in walk.rows)
    judge(Ordered(*proof.base, told, sort, values, True, kind_of(proof.described, sort), (), frozenset(),
                  walk.evidence_ids[-2:]), "queries.sort")  # fmt: skip
    if expands and walk.pages[0].ok:
        bare = tuple(str(row.get("id")) for row in walk.rows if not row.get("platform_data"))
        judge(Expanded(*proof.base, "platform_data", bare, len(walk.rows), 200, (), walk.evidence_ids[-2:]),
              "queries.expand")  # fmt: skip


@pytest.mark.case("queries.filter_refused")
def test_a_field_that_is_not_filterable_is_refused(proof, judge, drive):
    """A filter on an unknown field, and one that is no filter, are answered 400; one on a field that is not documented
    as filterable is refused, or it selects."""
    for text in ('golive_no_such_field="x"', "this is no filter"):
        page = drive.page(proof.name, filter=text, limit=1)
        why = f"with filter={text}"
        judge(Failing(*proof.base, page, why, frozenset({400}), frozenset()), "errors.malformed")
    name, value = _unfilterable(proof)
    if name is not None and drive.page(proof.name, filter=f'{name}="{_quoted(value)}"', limit=1).ok:
        _filtered(proof, judge, drive, [(name, "=", value)])  # more than is documented may work, if it works


def _unfilterable(proof):
    """A field that rows have and that no document calls filterable, with a value that not all of them have."""
    rows = proof.snapshot().rows
    for name, field in sorted(proof.described.fields.items(), key=lambda pair: pair[0] not in LIKELY):
        if "." not in name and name not in proof.described.filterable and field.types <= {"string", "null"}:
            held = {row[name] for row in rows if isinstance(row.get(name), str) and row[name].strip()}
            if len(held) > 1 and not field.is_date_time and name != "id":
                return name, min(held, key=lambda text: (len(text), text))
    return None, None


def _filtered(proof, judge, drive, conditions, limit=100):
    text = " AND ".join(f'{field}{operator}"{_quoted(value)}"' for field, operator, value in conditions)
    before = proof.snapshot()
    walk = drive.walk(proof.name, filter=text, limit=limit)

    def oracle(source):
        return {
            row["id"] for row in source.rows
            if isinstance(row.get("id"), str) and all(fits(row, *condition) for condition in conditions)
        }  # fmt: skip

    _select(proof, judge, walk, f"filter={text}", conditions[0][0], before, oracle, "queries.filter")


def _quoted(value):
    return str(value).replace("\\", "\\\\").replace('"', '\\"')


def _two_conditions(proof, drive):
    rows = proof.snapshot().rows
    stamps = [name for name in ("last_synced_at", "updated_at", "created_at") if name in proof.requirement.filter]
    others = [name for name in proof.requirement.filter if name not in stamps] or stamps[1:]
    for name in others:
        found = choose_values(proof.described, name, rows)
        if not found or not stamps:
            continue
        condition = next((one for one in found if any(fits(row, name, *one) for row in rows)), None)
        values = sorted({row[stamps[0]] for row in rows if isinstance(row.get(stamps[0]), str)})
        if condition is not None and values:
            return (name, *condition), (stamps[0], ">", values[len(values) // 2])
    return drive.inconclusive(f"{proof.name} on {proof.case.platform} has no two fields to filter by")


def _select(proof, judge, walk, query, field, before, oracle, check):
    must = may = oracle(before)
    named = [row for row in walk.rows if "id" in row or "id" in proof.described.fields]  # a balance has no id
    returned = tuple(str(row.get("id")) for row in named)
    if set(returned) != must:  # rows may have changed meanwhile: what fits both before and after must be there
        after = oracle(proof.snapshot(refresh=True))
        must, may = must & after, must | after
    subject = Selected(
        *proof.base, query, field, returned, frozenset(must), frozenset(may), walk.pages[0].status, walk.complete,
        walk.problem, proof.changed(before, walk.rows), walk.evidence_ids[-2:],
        {**before.by_id, **walk.by_id},
    )  # fmt: skip
    judge(subject, check)
    proof.moved(before, walk.rows)


@pytest.mark.case("queries.window")
def test_time_windows_are_inclusive_milliseconds(proof, judge, drive, case):
    """A window returns exactly the rows inside it, bounds included, on every page, alone and with its other side."""
    parameter, field, side = (case.params[name] for name in ("parameter", "field", "side"))
    stamps = sorted({millis(row[field]) for row in proof.snapshot().rows if millis(row.get(field)) is not None})
    if not stamps:
        drive.inconclusive(f"no row of {proof.name} on {case.platform} has a {field}")
    low, high = stamps[len(stamps) // 3], stamps[len(stamps) * 2 // 3]
    other = parameter.removesuffix(side) + ("max" if side == "min" else "min")
    windows = [({parameter: low}, side == "min")]
    if other not in proof.requirement.params:
        windows.append(({parameter: stamps[-1] + 1 if side == "min" else stamps[0] - 1}, False))
    elif side == "max":
        windows.append(
            ({other: low + 1, parameter: high - 1} if high - low > 1 else {other: low, parameter: high}, True)
        )
    for window, in_pages in windows:
        _windowed(proof, judge, drive, field, window, in_pages)


def _windowed(proof, judge, drive, field, window, in_pages):
    """One window; in pages when it has to hold on the second one too."""
    least = next((value for name, value in window.items() if name.endswith("_min")), None)
    most = next((value for name, value in window.items() if name.endswith("_max")), None)

    def oracle(source):
        return {
            row["id"]
            for row in source.rows
            if (found := millis(row.get(field))) is not None
            and (least is None or found >= least)
            and (most is None or found <= most)
        }

    before = proof.snapshot()
    limit = max(2, -(-len(oracle(before)) // 2)) if in_pages else WHOLE
    walk = drive.walk(proof.name, **window, **({"limit": min(limit, WHOLE)} if proof.described.is_paged else {}))
    query = "&".join(f"{name}={value}" for name, value in window.items())
    _select(proof, judge, walk, query, field, before, oracle, "queries.window")


@pytest.mark.case("queries.value")
def test_a_parameter_selects_by_value(proof, judge, drive, case):
    """A parameter that names a field returns exactly the rows with that value."""
    name = case.params["parameter"]
    before = proof.snapshot()
    found = [row.get(name) for row in before.rows if isinstance(row.get(name), (str, int)) and row.get(name) != ""]
    if not found:
        drive.inconclusive(f"no row of {proof.name} on {case.platform} has a {name}")
    for value in dict.fromkeys((found[0], found[-1])):
        walk = drive.walk(proof.name, **{name: value}, **({"limit": WHOLE} if proof.described.is_paged else {}))

        def oracle(source, value=value):
            return {row["id"] for row in source.rows if row.get(name) == value}

        _select(proof, judge, walk, f"{name}={value}", name, before, oracle, "queries.value")


@pytest.mark.case("queries.force_fetch")
def test_force_fetch_answers_the_same(proof, judge, drive):
    """force_fetch answers the same rows once the connection is ready; that it is not asked for can be said, too."""
    before = proof.snapshot()
    walk = drive.walk(proof.name, force_fetch="true", **({"limit": WHOLE} if proof.described.is_paged else {}))
    _select(proof, judge, walk, "force_fetch=true", None, before, lambda source: set(source.by_id),
            "queries.force_fetch")  # fmt: skip
    page = drive.page(proof.name, force_fetch="false", **({"limit": 1} if proof.described.is_paged else {}))
    judge(Selected(*proof.base, "force_fetch=false", None, (), frozenset(), frozenset(), page.status, True, None, (),
                   (page.id,)), "queries.force_fetch")  # fmt: skip


@pytest.mark.case("queries.range")
def test_statement_months_are_inclusive(proof, judge, drive):
    """The list leaves no month out, and both months of a range are in it: January to January is thirteen."""
    months = sorted({str(row.get("start_date"))[:7] for row in proof.snapshot().rows if row.get("start_date")})
    if len(months) < LEAST_MONTHS:
        drive.inconclusive(f"there are {len(months)} statements of {proof.name}: too few for a range")
    whole = frozenset(_months(months[0], months[-1]))
    ids = proof.snapshot().evidence_ids
    judge(Selected(*proof.base, "the whole list", "start_date", tuple(months), whole, whole, 200, True, None, (), ids),
          "queries.range")  # fmt: skip
    first, last = months[1], months[-2] if len(months) < YEAR + 2 else months[YEAR + 1]
    start, end = f"{first}-01T00:00:00Z", f"{last}-01T00:00:00Z"
    walk = drive.walk(proof.name, start_date=start, end_date=end)
    returned = tuple(str(row.get("start_date"))[:7] for row in walk.rows)
    wanted = frozenset(_months(first, last))
    query = f"start_date={start}&end_date={end}"
    subject = Selected(*proof.base, query, "start_date", returned, wanted, wanted, walk.pages[0].status, True, None, (),
                       walk.evidence_ids)  # fmt: skip
    judge(subject, "queries.range")


def _months(first, last):
    """Every month from the first to the last (`YYYY-MM`), both of them too."""
    numbers = [int(month[:4]) * 12 + int(month[5:]) - 1 for month in (first, last)]
    return [f"{number // 12}-{number % 12 + 1:02d}" for number in range(numbers[0], numbers[1] + 1)]
