"""Defects of lists: pages, order, filters, windows, expansions."""

import re
from typing import Any

from harness.emulator.defects.registry import register
from harness.emulator.defects.scene import Scene, answers, look, queries, replaced, rows_of, without


def _cut(scene: Scene, body: Any, at: slice) -> None:
    key = scene.resource.list_key or ""
    if isinstance(body.get(key), list):
        body[key] = body[key][at]


def _list(change: Any, resource: str | None = "bills") -> Any:
    return answers(change, resource=resource, operations=("list",))


register("last_row_lost", "the last row of each page is lost", ("queries.pages_complete",),
         spoil=_list(lambda scene, body, _: _cut(scene, body, slice(0, -1)) if body.get("next_cursor") else None))  # fmt: skip
register("first_row_of_next_page_lost", "the first row of each further page is lost", ("queries.pages_complete",),
         spoil=_list(lambda scene, body, _: _cut(scene, body, slice(1, None)) if scene.request.param("cursor") else None))  # fmt: skip
register("row_on_two_pages", "the first row of the list is on every page", ("queries.pages_disjoint",),
         spoil=_list(lambda scene, body, _: _repeat(scene, body)))  # fmt: skip
register("endless_pages", "next_cursor of the last page is the one it was asked with", ("queries.pages_end",),
         spoil=_list(lambda scene, body, _: body.update(next_cursor=scene.request.param("cursor") or "start")
                     if not body.get("next_cursor") else None))  # fmt: skip
register("pages_end_early", "the list ends after two pages", ("queries.pages_complete",),
         spoil=_list(lambda scene, body, _: body.update(next_cursor=None) if scene.request.param("cursor") else None))  # fmt: skip
register("limit_ignored", "limit does nothing", ("queries.limit",), hear=queries(without("limit")))
register("limit_off_by_one", "a page has one row more than asked", ("queries.limit",),
         hear=queries(replaced("limit", lambda text: str(int(text) + 1))))  # fmt: skip
register("default_limit_small", "a page has 20 rows when no limit is asked", ("queries.limit",),
         hear=queries(lambda query: query if any(name == "limit" for name, _ in query) else [*query, ("limit", "20")]))  # fmt: skip
register("sort_ignored", "sort does nothing", ("queries.sort",), hear=queries(without("sort")))
register("sort_direction_ignored", "sort is always ascending", ("queries.sort",),
         hear=queries(replaced("sort", lambda text: text.replace("DESC", "ASC"))))  # fmt: skip
register("sort_default_descending", "sort without a direction is descending", ("queries.sort",),
         hear=queries(replaced("sort", lambda text: text if " " in text else f"{text} DESC")))  # fmt: skip
register("default_order_by_creation", "without sort the oldest comes first", ("queries.default_order",),
         hear=queries(lambda query: query if any(name == "sort" for name, _ in query)
                      else [*query, ("sort", "updated_at ASC")], operations=("list",)))  # fmt: skip
register("filter_ignored", "filter does nothing", ("queries.filter",), hear=queries(without("filter")))
register("filter_after_is_from", "the operator > includes the bound", ("queries.filter",),
         hear=queries(replaced("filter", lambda text: re.sub(r'>"([^"]*)\.(\d{3})Z"', _earlier, text))))  # fmt: skip
register("filter_contains_is_equals", "the operator ~ means =", ("queries.filter",),
         hear=queries(replaced("filter", lambda text: text.replace("~", "=")), resource="vendors"), resource="vendors")  # fmt: skip
register("filter_equals_is_contains", "the operator = means ~", ("queries.filter",), resource="vendors",
         hear=queries(replaced("filter", lambda text: re.sub(r'(name)="', r'\1~"', text)), resource="vendors"))  # fmt: skip
register("filter_open_is_any", "a filter for the status open answers every bill", ("queries.filter",),
         hear=queries(replaced("filter", lambda text: text.replace('status="open"', 'status~"p"'))))  # fmt: skip
register("filter_first_condition_only", "what follows AND is ignored", ("queries.filter",),
         hear=queries(replaced("filter", lambda text: text.split(" AND ")[0])))  # fmt: skip
register("filter_lost_on_next_page", "further pages hold unfiltered rows", ("queries.filter",),
         spoil=_list(lambda scene, body, _: _unfiltered(scene, body)))  # fmt: skip
register("filter_unknown_field_accepted", "a filter on an unknown field is ignored instead of refused",
         ("errors.malformed",), hear=queries(lambda query: without("filter")(query) if _odd(query) else query, operations=("list",)))  # fmt: skip
register("window_ignored", "updated_at_min does nothing", ("queries.window",), hear=queries(without("updated_at_min")))
register("window_exclusive", "updated_at_min leaves out its bound", ("queries.window",),
         hear=queries(replaced("updated_at_min", lambda text: str(int(text) + 1))))  # fmt: skip
register("window_upper_exclusive", "updated_at_max leaves out its bound", ("queries.window",),
         hear=queries(replaced("updated_at_max", lambda text: str(int(text) - 1))))  # fmt: skip
register("window_in_seconds", "last_synced_at_min is read as seconds", ("queries.window",),
         hear=queries(replaced("last_synced_at_min", lambda text: str(int(text) * 1000))))  # fmt: skip
register("value_parameter_ignored", "document_number does nothing", ("queries.value",),
         hear=queries(without("document_number")))  # fmt: skip
register("force_fetch_empty", "force_fetch answers an empty list", ("queries.force_fetch",),
         spoil=_list(lambda scene, body, _: body.update(bills=[], next_cursor=None)
                     if scene.request.param("force_fetch") else None))  # fmt: skip
register("range_exclusive", "the last month of a range of statements is left out", ("queries.range",),
         spoil=_list(lambda scene, body, _: _cut(scene, body, slice(0, -1)) if scene.request.param("end_date") else None,
                     resource="balance_sheets"), resource="balance_sheets")  # fmt: skip
register("expand_ignored", "expand adds nothing", ("queries.expand",), hear=queries(without("expand")))
register("expand_without_limit", "a page of expanded rows has fifty, whatever limit is asked", ("queries.limit",),
         hear=queries(lambda query: [*without("limit")(query), ("limit", "50")]
                      if any(name == "expand" for name, _ in query) else query))  # fmt: skip
register("expand_sticks", "the list after an expanded one is expanded too", ("fields.no_platform_data",),
         hear=lambda api, request: _stick(api, request))  # fmt: skip
register("expand_drops_lines", "expanded rows lack their lines", ("queries.expand",),
         spoil=_list(lambda scene, body, _: [row.update(line_items=[]) for row in rows_of(body, scene.resource)]
                     if scene.request.param("expand") else None))  # fmt: skip
register("platform_id_without_asking", "a platform_id finds its object without id_type",
         ("queries.id_type_default",), hear=lambda api, request: _either_id(api, request))  # fmt: skip
register("ties_lost_between_pages", "a page begins after the moment at which the last one ended",
         ("queries.pages_complete",), spoil=_list(lambda scene, body, _: _after_the_moment(scene, body)))  # fmt: skip
register("raw_record_of_the_first", "all expanded rows carry the raw record of the first", ("queries.expand",),
         spoil=_list(lambda scene, body, _: [row.update(platform_data=rows_of(body, scene.resource)[0]["platform_data"])
                                             for row in rows_of(body, scene.resource) if "platform_data" in row]))  # fmt: skip
register("window_only_on_the_first_page", "updated_at_min is forgotten on further pages", ("queries.window",),
         hear=queries(lambda query: without("updated_at_min")(query) if any(name == "cursor" for name, _ in query) else query))  # fmt: skip
register("window_of_one_side", "updated_at_min does nothing beside updated_at_max", ("queries.window",),
         hear=queries(lambda query: without("updated_at_min")(query)
                      if any(name == "updated_at_max" for name, _ in query) else query))  # fmt: skip
register("filter_breaks_at_quotes", "a filter finds no text with a quote or an ampersand", ("queries.filter",),
         resource="vendors", hear=queries(replaced("filter", lambda text: re.sub(r"['&][^\"]*", "", text)), resource="vendors"))  # fmt: skip
register("sorted_rows_cut", "rows of a sorted list lack their document_number", ("fields.same_everywhere",),
         spoil=_list(lambda scene, body, _: [row.update(document_number=None) for row in rows_of(body, scene.resource)]
                     if scene.request.param("sort") else None))  # fmt: skip
register("filtered_without_connection", "filtered lists do not say which connection they are from",
         ("fields.connection",),
         spoil=_list(lambda scene, body, _: body.pop("connection", None) if scene.request.param("filter") else None))  # fmt: skip
register("single_of_another_organisation", "single objects name another organisation", ("fields.connection",),
         spoil=answers(lambda _, body, __: body["connection"].update(orgId="00000000-0000-4000-8000-00000000000a"),
                       operations=("get",)))  # fmt: skip
register("single_in_an_array", "the single object comes in an array", ("fields.envelope",),
         spoil=answers(lambda _, body, __: body.update(bill=[body["bill"]]), operations=("get",)))  # fmt: skip
register("id_type_ignored", "id_type=platform looks up the Rutter id", ("queries.id_type",),
         hear=queries(without("id_type"), operations=("get",)))  # fmt: skip


def _after_the_moment(scene: Scene, body: Any) -> None:
    """Without its first rows, where these are of the moment of the last row of the page before."""
    ends = scene.api.__dict__.setdefault("defect_ends", {})
    key, moment = scene.resource.list_key, ends.get(scene.request.param("cursor"))
    if body[key] and body.get("next_cursor"):
        ends[body["next_cursor"]] = body[key][-1]["updated_at"]
    if scene.request.param("cursor") and not scene.request.param("sort"):
        body[key] = [row for row in body[key] if row["updated_at"] != moment]


def _stick(api: Any, request: Any) -> None:
    scene = look(api, request)
    if scene is None or scene.resource.name != "bills" or scene.operation.name != "list":
        return
    if request.param("expand"):
        api.__dict__["defect_stick"] = True
    elif api.__dict__.pop("defect_stick", False):
        request.query = [*request.query, ("expand", "platform_data")]


def _repeat(scene: Scene, body: Any) -> None:
    found = rows_of(body, scene.resource)
    first = scene.api.__dict__.setdefault("defect_first_row", {})
    if not scene.request.param("cursor"):
        first["row"] = found[0] if found else None
    elif first.get("row") is not None:
        body[scene.resource.list_key] = [first["row"], *found[1:]]


def _earlier(match: "re.Match[str]") -> str:
    """A millisecond before the bound: `>` then includes it."""
    millis = int(match[2])
    return f'>"{match[1]}.{millis - 1:03d}Z"' if millis else f'>"{_second_before(match[1])}.999Z"'


def _second_before(text: str) -> str:
    from datetime import datetime, timedelta

    return (datetime.fromisoformat(text) - timedelta(seconds=1)).isoformat()


def _unfiltered(scene: Scene, body: Any) -> None:
    if scene.request.param("filter") and scene.request.param("cursor"):
        token = scene.request.param("access_token")
        connection = scene.api.organisation.by_token(token)
        rows = scene.api.store.all(connection["id"], scene.resource.name)
        count = len(body[scene.resource.list_key])
        body[scene.resource.list_key] = [dict(row.document) for row in rows[-count:]]
        for row in body[scene.resource.list_key]:
            row.pop("platform_data", None)


def _odd(query: list[tuple[str, str]]) -> bool:
    return any(name == "filter" and "no_such_field" in value for name, value in query)


def _either_id(api: Any, request: Any) -> None:
    """What is no Rutter id is taken for a platform_id."""
    scene = look(api, request)
    if scene is None or scene.operation.name != "get" or scene.resource.name != "bills" or request.param("id_type"):
        return
    if len(scene.values["id"]) != len("00000000-0000-4000-8000-000000000000"):
        request.query = [*request.query, ("id_type", "platform")]


def _records_shifted(_scene: Scene, body: Any, _answer: Any) -> None:
    rows_there = body["bills"]
    raw = [row.get("platform_data") for row in rows_there]
    if all(raw):
        for row, other in zip(rows_there, [*raw[1:], *raw[:1]], strict=True):
            row["platform_data"] = other


register("records_shifted", "the raw record of a row is that of the next row", ("queries.expand",),
         spoil=answers(_records_shifted, operations=("list",)))  # fmt: skip
