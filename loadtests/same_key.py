"""Two emulator processes on one PostgreSQL, under concurrent writes of the same idempotency key: one object per key.

`python loadtests/same_key.py [TRIES]` (10,000 by default). Each try sends one create with one key four times at once,
twice to each process; several tries run at the same time. Every answer must be a 200 with the same id, and both
processes must list exactly one object per key afterwards. Exits with 0 when that holds, 1 when not, 3 when there is
no PostgreSQL.
"""

import asyncio
import json
import sys
import time
from collections import Counter

from keepalive import Caller, Connection
from private_postgresql import NoServerError, private_server

from harness.emulator import EmulatorProcess, EmulatorSettings

LANES = 6
"""Tries at the same time."""
COPIES = 2
"""Requests of one try to each process."""


async def lane(callers: list[Caller], tries: list[int], ids: dict[int, set[str]]) -> None:
    """Do some tries, one after the other; the ids that each one's answers name."""
    open_ones = [(caller, await Connection.open(caller.address)) for caller in callers for _ in range(COPIES)]
    for number in tries:
        body = json.dumps({"vendor": {"vendor_name": f"key {number}", "contact_name": "Key", "currency_code": "USD"}})
        answers = await asyncio.gather(*(
            connection.send(caller.message("POST", "/accounting/vendors", body=body.encode(),
                                           headers={"idempotency-key": f"same-{number}"}))
            for caller, connection in open_ones
        ))  # fmt: skip
        for status, content in answers:
            ids[number].add(json.loads(content)["vendor"]["id"] if status == 200 else f"status {status}")
    for _, connection in open_ones:
        await connection.close()


async def listed(caller: Caller) -> Counter[str]:
    """How often each name stands in the list of vendors."""
    connection = await Connection.open(caller.address)
    names: Counter[str] = Counter()
    query = {"limit": "500", "filter": 'vendor_name~"key "'}
    while True:
        status, content = await connection.send(caller.message("GET", "/accounting/vendors", query=query))
        if status != 200:
            raise SystemExit(f"the list answered {status}: {content[:200]!r}")
        page = json.loads(content)
        names.update(row["vendor_name"] for row in page["vendors"])
        if page["next_cursor"] is None:
            await connection.close()
            return names
        query["cursor"] = page["next_cursor"]


async def prove(callers: list[Caller], tries: int) -> int:
    """Run the tries and look; the exit status."""
    started = time.perf_counter()
    ids: dict[int, set[str]] = {number: set() for number in range(tries)}
    await asyncio.gather(*(lane(callers, list(range(first, tries, LANES)), ids) for first in range(LANES)))
    elapsed = time.perf_counter() - started
    split = {number: found for number, found in ids.items() if len(found) != 1 or next(iter(found)).startswith("s")}
    counts = [await listed(caller) for caller in callers]
    wrong = [names for names in counts if len(names) != tries or set(names.values()) != {1}]
    total = tries * COPIES * len(callers)
    print(
        f"{tries:,} keys, {total:,} writes over {len(callers)} processes in {elapsed:.1f} s ({total / elapsed:,.0f}/s)"
    )
    print(f"keys whose answers differ: {len(split)}; lists that do not hold each object once: {len(wrong)}")
    for number, found in list(split.items())[:5]:
        print(f"  key {number}: {sorted(found)}")
    return 1 if split or wrong else 0


def main() -> int:
    """Start the processes and prove it."""
    tries = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    try:
        with private_server() as url:
            settings = EmulatorSettings(rate_limit=0, database=url, connections=("QUICKBOOKS",))
            processes = [EmulatorProcess.start(settings) for _ in range(2)]
            try:
                callers = [Caller(process.base_url, process.environment()) for process in processes]
                return asyncio.run(prove(callers, tries))
            finally:
                for process in processes:
                    process.stop()
    except NoServerError as error:
        print(error, file=sys.stderr)
        return 3


if __name__ == "__main__":
    sys.exit(main())
