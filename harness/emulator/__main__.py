"""`python -m harness.emulator`: settings as a line of JSON on standard input, `ready PORT` on standard output when it
serves; the end of the input ends it."""

import sys

from harness.emulator.process import READY, loads
from harness.emulator.server import serve
from harness.errors import GoliveError
from harness.serving import end_with


def main() -> int:
    """Serve until stopped."""
    try:
        settings = loads(sys.stdin.readline())
        end_with(sys.stdin)
        serve(settings, on_ready=lambda taken: print(f"{READY}{taken.port}", flush=True))
    except GoliveError as error:
        print(error, file=sys.stderr)
        return int(error.exit_status)
    return 0


if __name__ == "__main__":
    sys.exit(main())
