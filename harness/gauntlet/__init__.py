"""The gauntlet: fires webhooks, right and wrong, at a receiver, and names what it does wrong.

Knows nothing of the receiver but its address, the secret it was given, and, where there is one, an address that shows
what it stored. Every expectation is a fact of the API's webhooks ([D:implementation-guides/webhooks]) or plain HTTP.
"""

from harness.gauntlet.firing import Receiver
from harness.gauntlet.model import Fault, GauntletReport, ScenarioResult, Standing
from harness.gauntlet.running import Plan, run_gauntlet

__all__ = ["Fault", "GauntletReport", "Plan", "Receiver", "ScenarioResult", "Standing", "run_gauntlet"]
