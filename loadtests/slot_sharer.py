"""One of several processes that share a budget: `slot_sharer.py SLOTS HOST PATH UNTIL`, with the header in AUTH.

It sends as fast as its slots allow until the monotonic instant UNTIL, and prints how many it sent, how many were
answered 429, how many slots it gave up, and when it sent first and last.
"""

import http.client
import os
import sys
import threading
import time

from harness.rollout.pacing import Pacer
from harness.rollout.slots import open_slots

THREADS = 4
"""So that slow answers leave no slot unused."""
JITTER = 0.15

if __name__ == "__main__":
    place, host, path, until = sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4])
    pacer = Pacer(open_slots(place), per_second=500 / (10 + JITTER), jitter=JITTER)
    headers = {"authorization": os.environ["AUTH"], "x-rutter-version": "2024-08-31"}
    moments: list[float] = []
    refused: list[float] = []

    def share() -> None:
        """Send until the end."""
        connection = http.client.HTTPConnection(host)
        while time.monotonic() < until:
            pacer.acquire()
            moments.append(time.monotonic())
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status == 429:
                refused.append(moments[-1])

    threads = [threading.Thread(target=share) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(len(moments), len(refused), pacer.lost, min(moments), max(moments))
