"""A PostgreSQL server of one's own: in a temporary folder, on a Unix socket, gone with this process.

`python loadtests/private_postgresql.py` prints `url postgresql+psycopg://...` when it accepts connections and ends
when its standard input closes. It exits with 3 and the reason when there is no PostgreSQL on this machine. PostgreSQL
refuses to run as root: started by root, the server runs as the user `postgres`. `--durable` waits for the disk.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin", "/usr/local/pgsql/bin")
OWNER = "postgres"


class NoServerError(Exception):
    """Why there is no private server on this machine."""


def _tool(name: str) -> str:
    found = shutil.which(name)
    places = [path for folder in FOLDERS for path in sorted(Path("/").glob(f"{folder[1:]}/{name}"), reverse=True)]
    if found is None and not places:
        raise NoServerError(f"PostgreSQL is not installed here: there is no {name}")
    return str(places[0]) if places else str(found)


def _as_owner() -> list[str]:
    """What runs a command as a user that PostgreSQL accepts."""
    if os.geteuid() != 0:
        return []
    runuser = shutil.which("runuser")
    if runuser is None:
        raise NoServerError("PostgreSQL does not run as root, and there is no runuser")
    return [runuser, "-u", OWNER, "--"]


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoServerError(f"{Path(command[-1]).name}: {done.stderr.strip() or done.stdout.strip()}")


@contextmanager
def private_server(*, durable: bool = False) -> Iterator[str]:
    """A running server; its URL for SQLAlchemy. NoServerError where there can be none."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # or the server would outlive us
    initdb, control, user = _tool("initdb"), _tool("pg_ctl"), _as_owner()
    folder = Path(tempfile.mkdtemp(prefix="golive-pg-"))
    try:
        if user:
            shutil.chown(folder, OWNER)
        data = folder / "data"
        _run([*user, initdb, "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C", f"--username={OWNER}",
              f"--pgdata={data}"], folder)  # fmt: skip
        lax = "" if durable else " -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
        options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c max_connections=40{lax}"
        _run([*user, control, "start", "--wait", "--silent", f"--pgdata={data}", f"--log={folder / 'log'}",
              f"--options={options}"], folder)  # fmt: skip
        try:
            yield f"postgresql+psycopg://{OWNER}@/postgres?host={folder}"
        finally:
            _run([*user, control, "stop", "--mode=immediate", "--silent", f"--pgdata={data}"], folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    """Serve until standard input closes."""
    try:
        with private_server(durable="--durable" in sys.argv[1:]) as url:
            print(f"url {url}", flush=True)
            sys.stdin.read()
    except NoServerError as error:
        print(error, file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
