"""`python -m harness.backend`: settings as a line of JSON on standard input, `ready PORT` on standard output when it
serves; the end of the input ends it."""

import sys

from harness.backend.process import READY, loads
from harness.backend.serving import serve
from harness.errors import GoliveError
from harness.serving import end_with

if __name__ == "__main__":
    try:
        settings = loads(sys.stdin.readline())
        end_with(sys.stdin)
        serve(settings, on_ready=lambda taken: print(f"{READY}{taken.port}", flush=True))
    except GoliveError as error:
        print(error, file=sys.stderr)
        sys.exit(int(error.exit_status))
