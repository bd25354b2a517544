"""The faults there are, and how one is switched on: `latency:distribution=lognormal,mean=0.2,p=0.5`."""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Any

from harness.contract.loader import suggest
from harness.errors import UsageError

DISTRIBUTIONS = ("constant", "uniform", "normal", "lognormal", "exponential", "pareto")


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault. `options` are its own, with their defaults; a default's type is the option's."""

    about: str
    options: Mapping[str, Any]


FAULTS: Mapping[str, Fault] = MappingProxyType({
    "latency": Fault("answers come late, by a distribution; mean, spread and most in seconds",
                     {"distribution": "constant", "mean": 0.2, "spread": 0.1, "most": 30.0}),
    "stall": Fault("nothing comes for so many seconds, then the right answer", {"seconds": 30.0}),
    "drop": Fault("the connection closes before a byte of the answer; a write was not done", {}),
    "drop_after": Fault("the connection closes before a byte of the answer; a write WAS done", {}),
    "truncate": Fault("the answer breaks off after this part of its body; a write was done", {"fraction": 0.5}),
    "error_before": Fault("a 5xx and nothing was done", {"status": 500}),
    "error_after": Fault("a 5xx although everything was done and committed", {"status": 500}),
    "bad_gateway": Fault("a 502 with a page of HTML, nothing was done", {"status": 502}),
    "rate_limit_storm": Fault("a 429 to everybody, for seconds out of every seconds; for=0 is always",
                              {"every": 10.0, "for": 0.0}),
    "platform_limit_storm": Fault("a 452 of the platform, for seconds out of every seconds; for=0 is always",
                                  {"every": 10.0, "for": 0.0}),
    "slow_platform": Fault("the platform takes so long that a prefer_sync write answers with its job", {}),
    "clock_skew": Fault("the API's clock is off by so many seconds: its stamps and its Date header",
                        {"seconds": 300.0}),
})  # fmt: skip
"""Statuses: 429 and 452 [H:7238576299], 5xx and what it means for writes [D:handling-errors]; the job instead of the
answer [DA:asynchronous-operations]."""

WHERE: Mapping[str, Any] = MappingProxyType(
    {
        **dict.fromkeys(("route", "method", "operation", "platform", "connection"), "*"),
        "p": 1.0,
        "seed": 1,
        "count": 0,
        "skip": 0,
    }
)
"""Where and when: patterns of the path behind the base path, of the method, the operation id, the platform, the
connection's id; the probability with its seed; how often at most (0: no limit), and how many to let pass first."""


@dataclass(frozen=True, slots=True)
class Switch:
    """One fault that is on. `text` is how it was asked for."""

    name: str
    options: Mapping[str, Any]
    where: Mapping[str, Any]
    text: str

    def meets(self, seen: Mapping[str, str]) -> bool:
        """Whether a request (`route`, `method`, `operation`, `platform`, `connection`) is one of those meant."""
        return all(fnmatchcase(seen.get(name, ""), str(self.where[name])) for name in PATTERNS)


PATTERNS = ("route", "method", "operation", "platform", "connection")


def parse(text: str) -> Switch:
    """A fault as it is written; UsageError for an unknown name, option or value."""
    name, _, rest = text.partition(":")
    fault = FAULTS.get(name)
    if fault is None:
        raise UsageError(f'unknown fault "{name}"{suggest(name, FAULTS)}')
    known = {**WHERE, **fault.options}
    given: dict[str, Any] = {}
    for part in filter(None, rest.split(",")):
        key, equals, value = part.partition("=")
        if key not in known or not equals:
            raise UsageError(f'fault {name}: unknown option "{part}"{suggest(key, known)}')
        given[key] = _typed(name, key, value, known[key])
    _checked(name, given)
    options = {key: given.get(key, value) for key, value in fault.options.items()}
    return Switch(name, options, {key: given.get(key, value) for key, value in WHERE.items()}, text)


def _typed(name: str, key: str, value: str, default: Any) -> Any:
    try:
        return type(default)(value)
    except ValueError:
        raise UsageError(f'fault {name}: {key}="{value}" is not a {type(default).__name__}') from None


def _checked(name: str, given: Mapping[str, Any]) -> None:
    if not 0 <= given.get("p", 1.0) <= 1:
        raise UsageError(f"fault {name}: p is a probability, 0 to 1")
    if not 0 <= given.get("fraction", 0.5) < 1:
        raise UsageError(f"fault {name}: fraction is from 0 to less than 1")
    if given.get("distribution", "constant") not in DISTRIBUTIONS:
        raise UsageError(f"fault {name}: distribution is one of {', '.join(DISTRIBUTIONS)}")
    if "status" in given and not 500 <= given["status"] <= 599:
        raise UsageError(f"fault {name}: status is 500 to 599")
    for key in ("mean", "spread", "most", "every", "for", "count", "skip"):
        if given.get(key, 0) < 0:
            raise UsageError(f"fault {name}: {key} is not negative")
