"""The embedded PostgreSQL."""

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
    """A server whose folder no other account can enter, for root."""
    return PostgresServer(tmp_path, free_port(), "a-password", tmp_path / "log", {"LC_ALL": "C"})


def _write(server: PostgresServer) -> None:
    with psycopg.connect(server.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS it")


def _read(server: PostgresServer) -> object:
    with psycopg.connect(server.url) as connection:
        return connection.execute("SELECT it FROM kept").fetchone()


def test_postgres_keeps_its_data_over_a_restart(server: PostgresServer) -> None:
    with running(server) as process:
        _write(server)
    assert process.returncode == 0

    with running(server):
        assert _read(server) == (1,)


def test_committed_data_survive_a_killed_postgres(server: PostgresServer) -> None:
    with running(server) as process:
        _write(server)
        process.kill()
        process.wait()

    with running(server):
        assert _read(server) == (1,)


def test_interrupted_creation_of_a_cluster_is_repeated(server: PostgresServer) -> None:
    (server.home / "data").mkdir()
    (server.home / "data" / "PG_VERSION").write_text("18\n")

    with running(server):
        _write(server)


@pytest.mark.parametrize("content", ["{somebody}\n", "", "nonsense\n"])
def test_postgres_starts_despite_a_pid_file_from_before_a_crash(server: PostgresServer, content: str) -> None:
    with running(server):
        pass
    (server.home / "data" / "postmaster.pid").write_text(content.format(somebody=os.getpid()))

    with running(server) as process:
        pass

    assert process.returncode == 0


def test_postgres_refuses_a_wrong_password(server: PostgresServer) -> None:
    with running(server), pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(server.url.replace("a-password", "another"))


def test_postgres_that_cannot_start_names_the_reason_in_its_log(server: PostgresServer) -> None:
    with running(server):
        pass
    (server.home / "data" / "postgresql.conf").write_text("no_such_setting = 1\n")

    with pytest.raises(ProcessFailedError, match="postgres failed: exited with code 1") as failure:
        started(server)

    assert "no_such_setting" in failure.value.log.read_text()


def test_postgres_password_is_stored_only_in_the_cluster(server: PostgresServer) -> None:
    with running(server):
        pass

    shutil.rmtree(server.home / "data")
    assert sorted(path.name for path in server.home.iterdir()) == ["created", "log"]


def test_role_of_one_database_cannot_connect_to_another(postgres_server: RunningPostgres) -> None:
    first, second = (postgres_server.create_database("each") for _ in range(2))

    with psycopg.connect(first) as connection:
        connection.execute("CREATE TABLE mine (it int)")
    with psycopg.connect(second) as connection, pytest.raises(psycopg.errors.UndefinedTable):
        connection.execute("SELECT FROM mine")
