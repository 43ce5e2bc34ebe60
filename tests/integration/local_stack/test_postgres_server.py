"""The embedded PostgreSQL, for real."""

import os
import shutil
from pathlib import Path

import psycopg
import pytest
from local_stack.errors import ProcessFailedError
from local_stack.servers.postgres import PostgresServer

from tests.running.servers import RunningPostgres, free_port, running, started


@pytest.fixture
def server(tmp_path: Path) -> PostgresServer:
    """A server with a folder that no other account can get to, if we are root."""
    return PostgresServer(tmp_path, free_port(), "a-password", tmp_path / "log", {"LC_ALL": "C"})


def _write(server: PostgresServer) -> None:
    with psycopg.connect(server.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS it")


def _read(server: PostgresServer) -> object:
    with psycopg.connect(server.url) as connection:
        return connection.execute("SELECT it FROM kept").fetchone()


def test_it_keeps_its_data(server: PostgresServer) -> None:
    with running(server) as process:
        _write(server)
    assert process.returncode == 0

    with running(server):
        assert _read(server) == (1,)


def test_what_was_committed_survives_a_kill(server: PostgresServer) -> None:
    with running(server) as process:
        _write(server)
        process.kill()
        process.wait()

    with running(server):
        assert _read(server) == (1,)


def test_a_creation_that_was_broken_off_is_begun_anew(server: PostgresServer) -> None:
    (server.home / "data").mkdir()
    (server.home / "data" / "PG_VERSION").write_text("18\n")

    with running(server):
        _write(server)


@pytest.mark.parametrize("content", ["{somebody}\n", "", "nonsense\n"])
def test_a_pid_file_from_before_a_crash_is_no_obstacle(server: PostgresServer, content: str) -> None:
    with running(server):
        pass
    (server.home / "data" / "postmaster.pid").write_text(content.format(somebody=os.getpid()))

    with running(server) as process:
        pass

    assert process.returncode == 0


def test_a_wrong_password_is_refused(server: PostgresServer) -> None:
    with running(server), pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(server.url.replace("a-password", "another"))


def test_a_server_that_cannot_start_says_why_in_its_log(server: PostgresServer) -> None:
    with running(server):
        pass
    (server.home / "data" / "postgresql.conf").write_text("no_such_setting = 1\n")

    with pytest.raises(ProcessFailedError, match="postgres failed: exited with code 1") as failure:
        started(server)

    assert "no_such_setting" in failure.value.log.read_text()


def test_the_password_is_left_nowhere_but_in_the_cluster(server: PostgresServer) -> None:
    with running(server):
        pass

    shutil.rmtree(server.home / "data")
    assert sorted(path.name for path in server.home.iterdir()) == ["created", "log"]


def test_databases_do_not_see_one_another(postgres_server: RunningPostgres) -> None:
    first, second = (postgres_server.create_database("each") for _ in range(2))

    with psycopg.connect(first) as connection:
        connection.execute("CREATE TABLE mine (it int)")
    with psycopg.connect(second) as connection, pytest.raises(psycopg.errors.UndefinedTable):
        connection.execute("SELECT FROM mine")
