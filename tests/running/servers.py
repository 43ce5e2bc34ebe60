"""Real servers for the tests, on ports and in folders of their own."""

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

import psycopg
from local_stack.servers.postgres import PostgresServer
from local_stack.servers.prometheus import PrometheusServer
from local_stack.servers.redis import RedisServer
from psycopg import sql

from tests.running.secrets_seen import SEEN

_STOPPED_WITHIN_S = 20
_ENVIRON = {"LC_ALL": "C"}

_given: set[int] = set()

Server: TypeAlias = PostgresServer | RedisServer | PrometheusServer


def free_port() -> int:
    """A port that nobody listens on at this moment, and that nobody in this process has been given before.

    The system may name the same one twice, and most who ask want several.
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
    """A PostgreSQL server; ``admin_url`` is its superuser's."""

    admin_url: str
    port: int

    def create_database(self, prefix: str) -> str:
        """The connection string of a fresh, empty database that belongs to a fresh role."""
        name, password = f"{prefix}_{secrets.token_hex(6)}", secrets.token_hex(16)
        SEEN.note("database password", password)
        role = sql.Identifier(name)
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, sql.Literal(password)))
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(role, role))
        return f"postgres://{name}:{password}@127.0.0.1:{self.port}/{name}?sslmode=disable"


@dataclass(frozen=True, slots=True)
class RunningRedis:
    """A Redis-compatible server; ``url`` has the password."""

    url: str
    port: int


def started(server: Server) -> subprocess.Popen[bytes]:
    """The server's process; it has its own event loop to start in, for whoever is in one already."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(asyncio.run, server.start()).result()


@contextmanager
def running(server: Server) -> Iterator[subprocess.Popen[bytes]]:
    """The server's process, for as long as the context lasts; it may end before."""
    process = started(server)
    try:
        yield process
    finally:
        stop(process, signal.SIGINT)


@contextmanager
def running_postgres() -> Iterator[RunningPostgres]:
    """A PostgreSQL server with an empty cluster, for as long as the context lasts."""
    with TemporaryDirectory(prefix="headrace-postgres-") as folder:
        home = Path(folder)
        # No power cut survives this, and no test causes one; a killed server does survive.
        options = {"fsync": "off", "max_connections": "200"}
        server = PostgresServer(home, free_port(), _password(), home / "log", _ENVIRON, options)
        with running(server):
            yield RunningPostgres(server.url, server.port)
        SEEN.assert_untold([server.log])


@contextmanager
def running_redis() -> Iterator[RunningRedis]:
    """An empty Redis-compatible server, for as long as the context lasts."""
    with TemporaryDirectory(prefix="headrace-redis-") as folder:
        home = Path(folder)
        server = RedisServer(home, free_port(), _password(), home / "log", _ENVIRON)
        with running(server):
            yield RunningRedis(server.url, server.port)
        SEEN.assert_untold([server.log])


def _password() -> str:
    password = secrets.token_hex(16)
    SEEN.note("server password", password)
    return password


def stop(process: subprocess.Popen[bytes], by: signal.Signals) -> None:
    """End the process with a signal if it still runs, and by force if that does not help."""
    process.send_signal(by)  # does nothing if it has ended
    try:
        process.wait(_STOPPED_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
