"""Real servers for the tests, on their own ports and in their own folders."""

import asyncio
import secrets
import signal
import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias
from urllib.parse import urlsplit

import psycopg
from local_stack.servers.postgres import PostgresServer
from local_stack.servers.prometheus import PrometheusServer
from local_stack.servers.redis import RedisServer
from psycopg import sql
from service_kit.postgres import PostgresPool

from tests.running.secrets_seen import SEEN

_STOPPED_WITHIN_S = 20
_ENVIRON = {"LC_ALL": "C"}

_given: set[int] = set()
#: The owner's connection string, by that of the service's role.
_owners: dict[str, str] = {}
#: The superuser's connection string, by the same.
_admins: dict[str, str] = {}

Server: TypeAlias = PostgresServer | RedisServer | PrometheusServer


def free_port() -> int:
    """Returns a free port that this process has not used before.

    The system may return the same free port twice, and most callers need several.
    """
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        if port not in _given:
            _given.add(port)
            return port


@dataclass(frozen=True, slots=True)
class RunningPostgres:
    """A running PostgreSQL server; ``admin_url`` is the superuser's."""

    admin_url: str
    port: int

    def create_database(self, prefix: str) -> str:
        """Creates an empty database with a new owner, and returns the owner's connection string."""
        name = f"{prefix}_{secrets.token_hex(6)}"
        url = self._create_role(name, database=name)
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {0} OWNER {0}").format(sql.Identifier(name)))
            connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))
        return url

    def create_service_role(self, owner_url: str) -> str:
        """Creates a role that may only connect to that database, and returns its connection string."""
        database = urlsplit(owner_url).path.removeprefix("/")
        role = f"{database}_service"
        url = self._create_role(role, database=database)
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            names = sql.Identifier(database), sql.Identifier(role)
            connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(*names))
        _owners[url], _admins[url] = owner_url, self.admin_url
        return url

    def _create_role(self, role: str, *, database: str) -> str:
        password = secrets.token_hex(16)
        SEEN.note("database password", password)
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            name = sql.Identifier(role)
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(name, sql.Literal(password)))
        return f"postgres://{role}:{password}@127.0.0.1:{self.port}/{database}?sslmode=disable"


def as_owner(pool: PostgresPool, *statements: str) -> None:
    """Runs statements as the role that owns the tables of this pool's database."""
    url = str(pool.conninfo)
    with psycopg.connect(_owners.get(url, url), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def as_admin(pool: PostgresPool, *statements: str) -> None:
    """Runs statements as the superuser, in another database."""
    with psycopg.connect(_admins[str(pool.conninfo)], autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


@dataclass(frozen=True, slots=True)
class RunningRedis:
    """A running Redis-compatible server; ``url`` has the password."""

    url: str
    port: int


def started(server: Server) -> subprocess.Popen[bytes]:
    """Starts the server in a thread, because the caller may run in an event loop, and returns its process."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(asyncio.run, server.start()).result()


@contextmanager
def running(server: Server) -> Iterator[subprocess.Popen[bytes]]:
    """Yields the server's process, and stops it if it still runs."""
    process = started(server)
    try:
        yield process
    finally:
        stop(process, signal.SIGINT)


@contextmanager
def running_postgres() -> Iterator[RunningPostgres]:
    """Yields a PostgreSQL server with an empty cluster."""
    with TemporaryDirectory(prefix="headrace-postgres-") as folder:
        home = Path(folder)
        # Without fsync, data survive a killed server, but not a power cut, which no test causes.
        options = {"fsync": "off", "max_connections": "200"}
        server = PostgresServer(home, free_port(), _password(), home / "log", _ENVIRON, options)
        with running(server):
            yield RunningPostgres(server.url, server.port)
        SEEN.assert_clean([server.log])


@contextmanager
def running_redis() -> Iterator[RunningRedis]:
    """Yields an empty Redis-compatible server."""
    with TemporaryDirectory(prefix="headrace-redis-") as folder:
        home = Path(folder)
        server = RedisServer(home, free_port(), _password(), home / "log", _ENVIRON)
        with running(server):
            yield RunningRedis(server.url, server.port)
        SEEN.assert_clean([server.log])


def _password() -> str:
    password = secrets.token_hex(16)
    SEEN.note("server password", password)
    return password


def stop(process: subprocess.Popen[bytes], by: signal.Signals) -> None:
    """Stops the process with a signal, and kills it after 20 s."""
    process.send_signal(by)  # does nothing if it has ended
    try:
        process.wait(_STOPPED_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
