"""Why a wish is not fulfilled now."""


class Later(Exception):
    """A wish cannot be fulfilled now; `seconds` until it is worth another try."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"again in {seconds:g} s")
        self.seconds = seconds


class Lost(Exception):
    """Another worker holds the wish: this one was too slow, and its page is rolled back."""
