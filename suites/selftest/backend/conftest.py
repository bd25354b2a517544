"""What tests of the backend share: a look at everything that its database holds."""

import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import make_url

PG_DUMP = ("/usr/lib/postgresql/*/bin/pg_dump", "/usr/pgsql-*/bin/pg_dump", "/opt/homebrew/opt/postgresql*/bin/pg_dump")


@pytest.fixture(scope="session")
def dump():
    """`dump(url)`: all that a database holds, as text; of a SQLite file its raw pages and its log as well."""

    def dumped(database):
        url = make_url(database)
        if url.get_backend_name() == "sqlite":
            path = Path(url.database)
            with closing(sqlite3.connect(path)) as connection:
                text = "\n".join(connection.iterdump()).encode()
            return text + b"\n".join(file.read_bytes() for file in sorted(path.parent.glob(f"{path.name}*")))
        found = [str(path) for pattern in PG_DUMP for path in sorted(Path("/").glob(pattern[1:]))]
        command = [shutil.which("pg_dump") or found[-1], "--inserts", "--dbname"]
        command.append(url.set(drivername="postgresql").render_as_string(hide_password=False))
        return subprocess.run(command, capture_output=True, check=True).stdout  # noqa: S603 - a tool of PostgreSQL

    return dumped
