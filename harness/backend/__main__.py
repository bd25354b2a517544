"""`python -m harness.backend`: settings on standard input, `ready PORT` on standard output, then serve."""

import sys

from harness.backend.process import READY, loads
from harness.backend.serving import serve
from harness.errors import GoliveError

if __name__ == "__main__":
    try:
        serve(loads(sys.stdin.read()), on_ready=lambda taken: print(f"{READY}{taken.port}", flush=True))
    except GoliveError as error:
        print(error, file=sys.stderr)
        sys.exit(int(error.exit_status))
