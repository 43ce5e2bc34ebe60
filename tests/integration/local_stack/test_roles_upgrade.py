"""Databases of an earlier version, where one role owned everything, are upgraded with their data."""

import secrets
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from local_stack import databases
from local_stack.data_dir import DataDir
from local_stack.secret_files import Secrets, load_or_generate, write_connections
from local_stack.servers.postgres import PostgresServer
from service_kit.postgres.migrations import migrate

from tests.running.servers import free_port, running

_ENVIRON = {"LC_ALL": "C"}


def former(server: PostgresServer, made: Secrets) -> None:
    """Creates the databases of the earlier version, with the schema and a row."""
    passwords = {"user_svc": made.user_svc_password, "order_svc": made.order_svc_password}
    for name, password in passwords.items():
        with psycopg.connect(server.url, autocommit=True) as admin:
            admin.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{password}'".encode())
            admin.execute(f"CREATE DATABASE {name} OWNER {name}".encode())
            admin.execute(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC".encode())
        url = f"postgres://{name}:{password}@127.0.0.1:{server.port}/{name}?sslmode=disable"
        assert migrate(url, name) == 0
    with psycopg.connect(url) as orders:
        orders.execute("INSERT INTO processed_events (event_id) VALUES (gen_random_uuid())")


async def test_databases_of_an_earlier_version_are_upgraded_with_their_data(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "data")
    data.prepare(fresh=False)
    server = PostgresServer(data.postgres, free_port(), secrets.token_hex(8), data.log("postgres"), _ENVIRON)
    (data.secrets / "postgres-password").write_text(server.password)
    made = load_or_generate(data)
    with running(server):
        former(server, made)
        write_connections(data, made, postgres_port=server.port, redis_port=1)

        for _ in range(2):  # so that an upgrade interrupted before the migrations is completed
            applied = await databases.prepare(server.port, made, _ENVIRON)
            assert applied == {"user_svc": set(), "order_svc": set()}
        for service in ("user-svc", "order-svc"):
            owner, own = (
                (data.secrets / f"{name}-database-url").read_text() for name in (f"{service}-migration", service)
            )
            assert migrate(owner, service.replace("-", "_"), own) == 0
        applied = await databases.prepare(server.port, made, _ENVIRON)

        assert all(applied.values())
        with psycopg.connect(own) as orders:
            assert urlsplit(own).username == "order_svc"
            assert orders.execute("SELECT count(*) FROM processed_events").fetchone() == (1,)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                orders.execute("ALTER TABLE order_events DISABLE TRIGGER ALL")
