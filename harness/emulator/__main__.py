"""`python -m harness.emulator`: settings as JSON on standard input, `ready PORT` on standard output when it serves."""

import sys

from harness.emulator.process import READY, loads
from harness.emulator.server import serve
from harness.errors import GoliveError


def main() -> int:
    """Serve until stopped."""
    try:
        serve(loads(sys.stdin.read()), on_ready=lambda settings: print(f"{READY}{settings.port}", flush=True))
    except GoliveError as error:
        print(error, file=sys.stderr)
        return int(error.exit_status)
    return 0


if __name__ == "__main__":
    sys.exit(main())
