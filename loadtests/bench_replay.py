"""What `make bench-replay` prints: replay through golive's cassettes beside plain vcrpy, YAML and JSON, in one run.

Each size has as many recorded requests, all different, as its number says. A request is what golive's client sends:
`httpx.HTTPTransport.handle_request`, with the interception of vcrpy in all three columns. Of plain vcrpy a few requests
are measured, spread evenly over the cassette: each takes up to half a second. Figures, no judgement.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import httpx

SIZES = (10, 100, 1_000, 10_000)
BASE = "https://bench.invalid/versioned"
OWN_REQUESTS, PLAIN_REQUESTS = 2_000, 12
ROUNDS = 5


def body(number: int) -> dict[str, object]:
    """A bill, about as large as one is."""
    return {"bill": {"id": f"{number:08d}", "memo": "x" * 300, "line_items": [{"amount": number / 100}] * 5}}


def url(number: int) -> str:
    """The address of a recorded request."""
    return f"{BASE}/accounting/bills/{number:08d}?access_token=bench-token-0123456789"


def prepare(folder: Path, size: int) -> None:
    """Write the same recording in the three forms."""
    from vcr.request import Request
    from vcr.serialize import serialize
    from vcr.serializers import jsonserializer, yamlserializer

    from harness.core import Redactor
    from harness.recording import write_cassette
    from harness.recording.interaction import Interaction, answered, asked

    redactor = Redactor(b"bench")
    headers = (("content-type", "application/json"),)
    items, plain = [], {"requests": [], "responses": []}
    for number in range(size):
        content = json.dumps(body(number)).encode()
        sent = asked(redactor, BASE, "GET", url(number), (), b"")
        items.append(Interaction("BENCH:bills", "case", sent, answered(redactor, BASE, 200, headers, content)))
        plain["requests"].append(Request("GET", url(number), b"", {}))
        plain["responses"].append(
            {"status": {"code": 200, "message": "OK"}, "headers": {"content-type": ["application/json"]},
             "body": {"string": content}}
        )  # fmt: skip
    write_cassette(folder / "golive", {"group": "BENCH:bills"}, items)
    for name, serializer in (("yaml", yamlserializer), ("json", jsonserializer)):
        (folder / name).write_text(serialize(plain, serializer))


@contextmanager
def opened(folder: Path, form: str) -> Iterator[Callable[[], float]]:
    """The replay of one form; what it gives tells the seconds that loading took."""
    started = time.perf_counter()
    if form == "golive":
        from harness.core import Redactor
        from harness.recording import Player, read_cassette, using

        library = read_cassette(folder / "golive")
        player = Player(lambda _: library, Redactor(b"bench"), BASE)
        player.turn("BENCH:bills", "case")
        took = time.perf_counter() - started
        with using(player):
            yield lambda: took
        return
    import vcr

    recorder = vcr.VCR(serializer=form, record_mode="none", match_on=("method", "uri", "body"))
    with recorder.use_cassette(str(folder / form)):
        took = time.perf_counter() - started
        yield lambda: took


def measure(folder: Path, form: str, size: int) -> dict[str, float]:
    """Seconds to load, seconds per request (median), MB that loading took."""
    import vcr  # noqa: F401 - counted to nobody's loading

    import harness.recording  # noqa: F401 - as above

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    transport = httpx.HTTPTransport()
    loads, costs = [], []
    grown = 0.0
    count = min(size, OWN_REQUESTS if form == "golive" else PLAIN_REQUESTS)
    numbers = list(range(0, size, max(size // count, 1)))
    for turn in range(ROUNDS if form == "golive" or size <= 1_000 else 1):
        with opened(folder, form) as load:
            loads.append(load())
            if turn == 0:
                grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
            for number in numbers:
                request = httpx.Request("GET", url(number))
                started = time.perf_counter()
                transport.handle_request(request).read()
                costs.append(time.perf_counter() - started)
    transport.close()
    return {"load": median(loads), "request": median(costs), "memory": grown}


def main() -> None:
    """The table."""
    print(f"python {sys.version.split()[0]}; cost per request, load time, memory that loading took")
    print(f"{'interactions':>12}  {'form':<7} {'ms/request':>10} {'load s':>8} {'MB':>6}  golive is quicker by")
    own = {}
    for size in SIZES:
        with tempfile.TemporaryDirectory() as name:
            subprocess.run([sys.executable, __file__, "prepare", name, str(size)], check=True)
            for form in ("golive", "yaml", "json"):
                done = subprocess.run(
                    [sys.executable, __file__, form, name, str(size)], check=True, capture_output=True, text=True
                )
                found = json.loads(done.stdout)
                own[size] = found if form == "golive" else own[size]
                told = "" if form == "golive" else f"{found['request'] / own[size]['request']:,.0f} times"
                print(f"{size:>12,}  {form:<7} {found['request'] * 1000:>10.3f} {found['load']:>8.3f} "
                      f"{found['memory']:>6.0f}  {told}", flush=True)  # fmt: skip
    costs = [item["request"] for item in own.values()]
    print(f"flat within {max(costs) / min(costs):.2f} times over all sizes")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        what, where, how_many = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
        if what == "prepare":
            prepare(where, how_many)
        else:
            print(json.dumps(measure(where, what, how_many)))
    else:
        main()
