"""What the planner's simulation says of a queue for the rate budget, against the same load played on the emulator."""

import os
import tempfile
import time
from pathlib import Path

from bench_budget import PATH, warmed
from generators import LOCUSTFILE
from proof import Proof

from harness.emulator import EmulatorProcess, EmulatorSettings
from harness.rollout import work
from harness.rollout.process import play
from harness.rollout.simulation import Flow, simulate
from harness.rollout.slots import open_slots

AGREE = 0.1
LEAST = 0.05
"""Seconds: waits below it are those of the network, of which a simulation of the budget says nothing."""
PACE = 500 / 10.05
SECONDS, DRAIN = 20.0, 20.0
KINDS = {"list": (1, 500), "get": (2, 900)}
"""Class -> urgency and arrivals: steady reading, and beside it a storm that does not fit."""


def simulation(proof: Proof) -> None:
    """Steady reading and a storm: together 70 requests per second where 50 are allowed, until the queue is empty."""
    emulator = EmulatorProcess.start(EmulatorSettings())
    try:
        with tempfile.TemporaryDirectory() as name:
            warmed(emulator, PATH)
            place = str(Path(name) / "slots")
            store = open_slots(place)
            store.charge(1, 1 / PACE, ago=0.0)
            store.close()
            step = work.Step("", "GET", f"{PATH}?limit=1", "QUICKBOOKS")
            flows = tuple(
                work.Flow("bench", of, urgency, count, (work.Step(of, step.method, step.path, step.platform),))
                for of, (urgency, count) in KINDS.items()
            )
            load = work.Work("bench", emulator.base_url, "2024-08-31", SECONDS, 1, flows, slots=place, drain=DRAIN,
                             per_second=PACE, limit=500)  # fmt: skip
            environment = {**os.environ, **emulator.environment()}
            measured = play(load, Path(name) / "out", LOCUSTFILE, environment, lambda *_: None).measured
    finally:
        emulator.stop()
    began = time.perf_counter()
    kinds = [
        Flow(of, urgency, per_second=lambda now, count=count: count / SECONDS if now < SECONDS else 0.0, even=True)
        for of, (urgency, count) in KINDS.items()
    ]
    simulated = simulate(kinds, PACE, horizon=SECONDS + DRAIN)
    print(f"      simulated in {time.perf_counter() - began:.2f} s; {'wait':>10} {'simulated':>10} {'measured':>10}")
    pairs = [("last request sent", max(waits.ended for waits in simulated.waits.values()), max(measured.sends) * 0.01)]
    for of in KINDS:
        service = measured.quantile("service", 0.5, of) or 0.0
        for share in (0.5, 0.95, 0.99):
            waited = (measured.quantile("latency", share, of) or 0.0) - service
            pairs.append((f"p{share * 100:g} wait of {of}", simulated.waits[of].quantile(share) or 0.0, waited))
    pairs.append(("requests sent", float(sum(waits.requests for waits in simulated.waits.values())),
                  float(measured.total("sent"))))  # fmt: skip
    for what, left, right in pairs:
        good = abs(left - right) <= max(AGREE * right, LEAST)
        proof.line(f"simulated and measured agree within 10 %: {what}", good, f"{left:.2f} and {right:.2f}")
    proof.line("not one 429", measured.total("limited") == 0, str(measured.total("limited")))
