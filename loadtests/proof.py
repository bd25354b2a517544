"""What the sections of a bench share: a line of proof each, and whether all of them hold."""


class Proof:
    """Prints PASS or FAIL with the figures, and remembers what failed."""

    def __init__(self) -> None:
        self.failed: list[str] = []

    def line(self, what: str, good: bool, figures: str) -> None:
        """One line of proof."""
        print(f"{'PASS' if good else 'FAIL'}  {what}: {figures}", flush=True)
        if not good:
            self.failed.append(what)
