"""A target that is gone: it can no longer be connected to, so that nothing was asked and nothing can be judged, or it
answers nothing but 429."""

from collections.abc import Callable
from typing import NoReturn

from harness.core import Clock, Evidence
from harness.errors import TargetUnreachable

THROTTLED = 429
PAUSES = (0.25, 0.5, 1.0, *(2.0,) * 9)
"""Seconds between the attempts to reach a target that is away: 20 in all, longer than a restart takes."""

REFUSALS = 3
"""Requests in a row that are answered 429 to the last of their attempts, some 20 s each, before a run gives up."""


class Outage:
    """One per worker. Once the target stayed away through all `PAUSES`, every later attempt fails at once: a run on a
    dead target ends in seconds, and blames no operation for an answer that it was never asked for."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._refusals = 0
        self.problem: str | None = None

    def send(self, attempt: Callable[[], Evidence], again: Callable[[], Evidence]) -> Evidence:
        """What `attempt` gives; as long as nothing could be sent, what `again` gives. Raises TargetUnreachable, and
        from the next request on after `REFUSALS` that ended with 429."""
        if self.problem is not None:
            raise TargetUnreachable(self.problem)
        evidence = attempt()
        for pause in PAUSES:
            if not evidence.unsent:
                break
            self._clock.sleep(pause)
            evidence = again()
        if evidence.unsent:
            self._gone(evidence.base_url, evidence.problem)
        self._refusals = self._refusals + 1 if evidence.status == THROTTLED else 0
        if self._refusals == REFUSALS:
            self.problem = (
                f"{evidence.base_url} answers nothing but {THROTTLED}, however long a request waits as documented. "
                "See who else uses the organisation's allowance, then run again"
            )
        return evidence

    def look(self, attempt: Callable[[], Evidence]) -> None:
        """After a request that was sent got no answer: was it that operation, or did the target die under it? Any
        answer to `attempt` says that it is there. Raises TargetUnreachable when none comes."""
        evidence = self.send(attempt, attempt)
        for pause in PAUSES:
            if evidence.status is not None:
                return
            self._clock.sleep(pause)
            evidence = self.send(attempt, attempt)
        if evidence.status is None:
            self._gone(evidence.base_url, evidence.problem)

    def _gone(self, base_url: str, why: str | None) -> NoReturn:
        self.problem = (
            f"{base_url} could not be reached any more, in {len(PAUSES) + 1} attempts over {sum(PAUSES):.0f} s "
            f"({why}). See that it runs, then run again"
        )
        raise TargetUnreachable(self.problem)
