"""Which query parameters were exercised, of which operation, on which platform."""

from collections import Counter
from collections.abc import Iterator

from harness.core import Evidence
from harness.report.declared import Declared
from harness.report.surface import ParameterCell


class ParameterScan:
    """Fed with all evidence of a run."""

    def __init__(self, declared: Declared) -> None:
        self._declared = declared
        self._counts: Counter[tuple[str, str, str, str]] = Counter()
        self._platforms: dict[str, dict[str, None]] = {}

    def add(self, item: Evidence) -> None:
        """Count the declared parameters of one request."""
        declared = self._declared.resources.get(item.resource or "")
        if declared is None or item.resource is None or item.platform is None:
            return
        self._platforms.setdefault(item.resource, {})[item.platform] = None
        known = declared.parameters.get(item.operation or "", ())
        for name in {name for name, _ in item.query}.intersection(known):
            self._counts[item.resource, item.operation or "", name, item.platform] += 1

    def cells(self) -> Iterator[ParameterCell]:
        """One cell per declared parameter and platform that the resource was asked on, in the contract's order."""
        for resource, declared in self._declared.resources.items():
            for operation, names in declared.parameters.items():
                for platform in self._platforms.get(resource, ()):
                    supported = operation not in declared.unsupported.get(platform, ())
                    for name in names:
                        count = self._counts[resource, operation, name, platform]
                        yield ParameterCell(
                            resource=resource,
                            operation=operation,
                            parameter=name,
                            platform=platform,
                            requests=count,
                            supported=supported,
                        )
