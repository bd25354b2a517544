"""The books behind the double: seeded data that is consistent, and what a create or an update makes of them.

Shares nothing with the checks: what is derived here is derived from the facts alone.
"""

from harness.emulator.bookkeeping.creating import created
from harness.emulator.bookkeeping.dataset import dataset
from harness.emulator.bookkeeping.effects import effects
from harness.emulator.bookkeeping.refusals import Refused, check_size
from harness.emulator.bookkeeping.updating import updated

__all__ = ["Refused", "check_size", "created", "dataset", "effects", "updated"]
