"""The files: what goes in comes out, once where it stands several times; what does not fit together is an error."""

import asyncio
import gzip
import threading
from base64 import b64encode
from contextvars import copy_context
from dataclasses import replace

import httpx
import pytest

from harness.core import Redactor
from harness.errors import StorageError, UsageError
from harness.recording import Player, Shelf, merge, read_cassette, using, write_cassette
from harness.recording.interaction import answered, asked
from harness.recording.vcr_yaml import from_vcr, to_vcr

BASE = "https://api.invalid/versioned"
ROWS = [{"id": f"r{number}", "a": number, "b": 1.5, "c": None, "d": "ü\ud800"} for number in range(30)]
HEADER = {"contract": "v", "recorded_on": "2026-01-01"}


@pytest.fixture
def items(made):
    """Two groups that read the same list, one of them twice and in part; texts that look like names of objects."""
    return [
        made("P:bills", "list/bills", "GET", "/bills", {"bills": ROWS}),
        made("P:bills", "a case", "GET", "/bills?limit=9", {"bills": [*ROWS[3:9], ROWS[20]], "next": "@ bills/1"}),
        made("P:bills", "a case", "GET", "/bills?limit=3", {"bills": [*ROWS[:2], {"id": "other"}, *ROWS[5:7]]}),
        made("P:vendors", "a case", "GET", "/bills", {"bills": ROWS[:20]}),
    ]


def played(library):
    """Every interaction of a cassette, in order."""
    return [library.interaction(chapter, place) for chapter, places in library.chapters.items() for place in places]


def test_what_was_recorded_is_read_back(items, journal, tmp_path):
    """Interactions come out of the files as they went in, although objects of several answers are written once."""
    assert merge(journal(*items), tmp_path / "c", HEADER) == 4
    shelf = Shelf(tmp_path / "c")
    assert [item for path in shelf.files() for item in played(shelf.open(path))] == items
    texts = [file.read_text() for file in (tmp_path / "c").rglob("*") if file.is_file()]
    assert sum(text.count('"id": "r15"') for text in texts) == 1
    assert '"@ bills/1-20"' in "".join(texts)


HEADS = (("X_under.score~!", "a: b"), ("Empty", ""), ("Quoted", '"a"'), ("Odd", "= 0123456789ab"), ("9", "caf\xe9"))
CONTENTS = (
    b"x: y\n## z\n= 0123456789ab\n@ a\n{}\n< 200\n", b'"a: b"', b"null", b"-1.5", b'["@ bills/1", "< 200"]', b"{}",
    b"[]", b"\xff\xfe\x00\x01",
    gzip.compress(b"{}", mtime=0), "caf\xe9".encode("latin-1"), b'{"a":\n1, "a": 2}', b" ", b"| x", b"~ x",
)  # fmt: skip


@pytest.mark.parametrize("body", CONTENTS)
def test_odd_headers_and_bodies_are_read_back(body, made, journal, tmp_path):
    """Headers of any name and bodies that look like marks of the file come out as they went in, and as a replay's
    answer with the bytes that were kept."""
    redactor = Redactor(b"k" * 32)
    one = made("P:bills", "a case", "GET", "/bills", {})
    item = replace(one, answered=answered(redactor, "https://api.invalid/versioned", 500, HEADS, body))
    merge(journal(item), tmp_path / "c", HEADER)
    library = Shelf(tmp_path / "c").group("P:bills")
    assert played(library) == [item]
    answer = library.answer(library.chapters["a case"][0], "https://other.invalid")
    assert answer.headers == {name.lower(): value for name, value in HEADS}
    assert answer.content == item.answered.content()


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (lambda text: text[: len(text) // 2], r"bills\.cassette:\d+: the cassette ends here|was altered"),
        (lambda text: text[: text.rindex(b"# end")], r"bills\.cassette:\d+: .*without its last line: it is truncated"),
        (
            lambda text: text.replace(b"< 200", b"< 201", 1),
            r"bills\.cassette:\d+: what stands from here to line \d+ was",
        ),
        (lambda text: text + b"more", r"bills\.cassette:\d+: interactions were added, removed or moved"),
        (lambda text: text[: text.index(b"## list")] + text[text.index(b"## a case") :], "added, removed or moved"),
        (lambda _: b"", r"bills\.cassette:1: the file is empty"),
        (lambda text: text[:9], r"bills\.cassette:1: the cassette ends here: it is truncated"),
        (lambda text: text.replace(b"## a", b"a line\n## a", 1), r":(?!1:)\d+: what stands here was put in after"),
        (lambda text: text.replace(b"## a case\n", b"## a case\n" * 2, 1), r":(?!1:)\d+: what stands here was put in"),
        (lambda text: text.replace(b"@ own", b"@ x/1\n@ own", 1), r":(?!1:)\d+: what stands here was put in after"),
        (lambda text: text.replace(b"# end", b"x\n# end", 1), r":(?!1:)\d+: what stands here was put in"),
        (lambda _: b"a text", r"bills\.cassette:1: not a cassette"),
        (lambda text: text.replace(b"\n", b"\r\n"), r"bills\.cassette:1: its line ends are CRLF.*'\* -text'"),
        (lambda text: b"\xef\xbb\xbf" + text, r"bills\.cassette:1: it begins with a byte order mark"),
        (lambda text: text.replace(b" 1\n", b" 2\n", 1), r":1: it is of version 2 of the format, and .* reads 1\."),
        (
            lambda text: text.replace(b"## a", b"<<<<<<< HEAD\n## a", 1),
            r":(?!1:)\d+: here git left the marks of a merge",
        ),
        (lambda text: b"<<<<<<< HEAD\n" + text, r"bills\.cassette:1: here git left the marks of a merge"),
    ],
    ids=[
        "half",
        "no end",
        "status",
        "more",
        "less",
        "empty",
        "begun",
        "line",
        "chapter",
        "row",
        "before the end",
        "other",
        "CRLF",
        "BOM",
        "version",
        "merge",
        "merge 1",
    ],
)
def test_a_damaged_file_is_refused_with_its_line(items, journal, tmp_path, harm, told):
    """A file that is cut, altered, longer or shorter is an error with its line."""
    merge(journal(*items), tmp_path / "c", HEADER)
    file = tmp_path / "c" / "P" / "bills.cassette"
    file.write_bytes(harm(file.read_bytes()))
    with pytest.raises(StorageError, match=told):
        Shelf(tmp_path / "c").group("P:bills")


@pytest.mark.parametrize("flip", [0x01, 0x80])
def test_no_byte_can_be_another(flip, made, journal, tmp_path):
    """Whichever byte of a cassette or of its shared objects is flipped, those of keys and seals as well: an error with
    the file and a line."""
    rows = ROWS[:2]
    merge(journal(made("P:bills", "c", "GET", "/bills", {"bills": rows}),
                  made("P:bills", "c", "POST", "/bills", {"bills": rows}, {"bill": {"a": 1}}),
                  made("P:vendors", "c", "GET", "/bills", {"bills": rows})), tmp_path / "c", HEADER)  # fmt: skip
    for file in (tmp_path / "c" / "P" / "bills.cassette", tmp_path / "c" / "P" / "shared.rows"):
        text = file.read_bytes()
        for place in range(len(text)):
            file.write_bytes(text[:place] + bytes([text[place] ^ flip]) + text[place + 1 :])
            with pytest.raises(StorageError, match=rf"{file.name}:\d+: "):
                Shelf(tmp_path / "c").group("P:bills")
        file.write_bytes(text)


def test_a_line_that_a_crash_cut_off_is_all_that_is_lost(items, journal, tmp_path):
    """The last line without its end is left out; a damaged line before it is an error that names it."""
    assert merge(journal(*items, tail='{"group":"P:bills","chap'), tmp_path / "c", HEADER) == 4
    with pytest.raises(StorageError, match=r"interactions\.ndjson:5: this line is damaged"):
        merge(journal(*items, tail='{"group":"P:bills","chap\n'), tmp_path / "c", HEADER)


def test_shared_objects_of_another_recording_are_refused(items, journal, tmp_path):
    """A cassette is not read with shared objects that it was not recorded with."""
    merge(journal(*items), tmp_path / "c", HEADER)
    merge(journal(*items[:-1], items[0].__class__("P:vendors", "x", items[3].asked, items[0].answered)),
          tmp_path / "d", HEADER)  # fmt: skip
    (tmp_path / "d" / "P" / "shared.rows").replace(tmp_path / "c" / "P" / "shared.rows")
    with pytest.raises(StorageError, match=r"it is not the one that bills\.cassette was recorded with"):
        Shelf(tmp_path / "c").group("P:bills")


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_a_vcrpy_cassette_is_written_and_read(form, made, tmp_path):
    """Exported to standard vcrpy YAML or JSON and imported again, requests and answers are the same."""
    items = [made("vcr:imported", "imported", "POST", "/bills", {"bill": {"id": "x"}}, {"bill": {"amount": 1.5}}),
             made("vcr:imported", "imported", "GET", f"/bills?next={BASE}/x", {"bills": [{"id": BASE}]})]  # fmt: skip
    file = tmp_path / f"vcr.{form}"
    file.write_text(to_vcr(items, BASE, as_json=form == "json"))
    assert from_vcr(file, Redactor(b"k" * 32), BASE) == items


BODIES = {
    "binary": b"\xff\xfe\x00\x01",
    "gzip": gzip.compress(b"{}", mtime=0),
    "latin": "caf\xe9 du monde".encode("latin-1"),
}


@pytest.mark.parametrize("body", BODIES)
def test_bodies_that_are_no_text_stay_what_is_kept_of_them(body, made, tmp_path):
    """What is kept of a body that is no text survives another key, sent or answered; vcrpy's JSON cannot hold it."""
    headers = (("x-hint", "a"), ("x-hint", "b"))
    item = replace(
        made("vcr:imported", "imported", "POST", "/files", {}),
        asked=asked(Redactor(b"k"), BASE, "POST", f"{BASE}/files", (), BODIES[body]),
        answered=answered(Redactor(b"k"), BASE, 200, headers, BODIES[body]),
    )
    (tmp_path / "vcr.yaml").write_text(to_vcr([item], BASE))
    assert from_vcr(tmp_path / "vcr.yaml", Redactor(b"another"), BASE) == [item]
    if body == "binary":
        with pytest.raises(UsageError, match=r"name the output \.yaml"):
            to_vcr([item], BASE, as_json=True)


def test_what_vcrpy_recorded_compressed_is_read_as_json(tmp_path):
    """A body that vcrpy kept with its content-encoding is read without; repeated headers stay apart."""
    packed = b64encode(gzip.compress(b'{"a": 1}', mtime=0)).decode()
    (tmp_path / "vcr.yaml").write_text(
        "version: 1\ninteractions:\n"
        "- request: {method: GET, uri: 'https://api.invalid/versioned/a', body: null, headers: {}}\n"
        f"  response: {{status: {{code: 200, message: OK}}, body: {{string: !!binary {packed}}},\n"
        "    headers: {Content-Encoding: [gzip], X-Hint: [a, b]}}\n"
    )
    (item,) = from_vcr(tmp_path / "vcr.yaml", Redactor(b"k"), BASE)
    assert (item.answered.kind, item.answered.body) == ("json", {"a": 1})
    assert item.answered.headers == {"x-hint": "a\nb"}


@pytest.mark.parametrize("text", ["", "a: [", "- 1", "interactions: [{request: {}}]", "interactions: 3"])
def test_what_is_no_vcrpy_cassette_is_refused(text, tmp_path):
    """A file of any other content is an error that names it and what it should have been."""
    for name in ("vcr.yaml", "vcr.json"):
        (tmp_path / name).write_text(text)
        with pytest.raises(StorageError, match=rf"{name}: not a vcrpy cassette of version 1"):
            from_vcr(tmp_path / name, Redactor(b"k"), BASE)


def test_threads_and_tasks_have_a_cassette_each(made, tmp_path):
    """Cassettes in use at once in threads and asyncio tasks of one process answer their own user only."""

    def deck(name: str) -> Player:
        item = made(f"P:{name}", "c", "GET", "/bills", {"of": name})
        write_cassette(tmp_path / name, {"group": f"P:{name}"}, [item] * 3)
        player = Player(lambda _: read_cassette(tmp_path / name), Redactor(b"k" * 32), BASE)
        player.turn(f"P:{name}", "c")
        return player

    heard: dict[str, list[str]] = {}
    together = threading.Barrier(2)

    def thread(name: str) -> None:
        with using(deck(name)), httpx.Client() as client:
            together.wait()
            heard[name] = [client.get(f"{BASE}/bills").json()["of"] for _ in range(3)]

    async def task(name: str, other: asyncio.Event, mine: asyncio.Event) -> None:
        with using(deck(name)):
            async with httpx.AsyncClient() as client:
                mine.set()
                await other.wait()
                heard[name] = [(await client.get(f"{BASE}/bills")).json()["of"] for _ in range(3)]

    async def tasks() -> None:
        one, two = asyncio.Event(), asyncio.Event()
        await asyncio.gather(task("c", one, two), task("d", two, one))

    threads = [threading.Thread(target=copy_context().run, args=(thread, name)) for name in "ab"]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    asyncio.run(tasks())
    assert heard == {name: [name] * 3 for name in "abcd"}
