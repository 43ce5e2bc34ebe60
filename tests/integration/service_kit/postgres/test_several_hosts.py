"""An address with several hosts, of which one takes writes: the settings, the pool and migrate work with it."""

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from service_kit.postgres import open_pool
from service_kit.postgres.migrations import migrate
from service_kit.settings.postgres import postgres_url

from tests.running.order_database import LIMITS
from tests.running.servers import RunningPostgres, free_port

_READ_WRITE = "target_session_attrs=read-write"


def several_hosts(url: str, *, live_first: bool, parameters: str = _READ_WRITE) -> str:
    """The address with a second host, on which no server listens."""
    port = conninfo_to_dict(url)["port"]
    hosts = [f"127.0.0.1:{port}", f"127.0.0.1:{free_port()}"]
    places = ",".join(hosts if live_first else reversed(hosts))
    return f"{url.replace(f'127.0.0.1:{port}', places)}&{parameters}"


@pytest.mark.parametrize("live_first", [True, False])
async def test_pool_connects_to_the_reachable_host(postgres_server: RunningPostgres, live_first: bool) -> None:
    url = postgres_url(several_hosts(postgres_server.create_database("hosts"), live_first=live_first)).reveal()
    async with open_pool(url, LIMITS, application_name="tests") as pool, pool.connection() as connection:
        cursor = await connection.execute("SELECT pg_is_in_recovery()")
        assert await cursor.fetchone() == (False,)
        assert connection.info.port == postgres_server.port


@pytest.mark.parametrize("live_first", [True, False])
@pytest.mark.parametrize("parameters", [_READ_WRITE, "connect_timeout=5&application_name=tests"])
def test_migrate_applies_and_grants_on_the_host_that_takes_writes(
    postgres_server: RunningPostgres, live_first: bool, parameters: str
) -> None:
    owner_url = postgres_server.create_database("hosts")
    service_url = postgres_server.create_service_role(owner_url)
    hosts = [several_hosts(url, live_first=live_first, parameters=parameters) for url in (owner_url, service_url)]
    assert migrate(hosts[0], "order_svc", hosts[1]) == 0
    with psycopg.connect(service_url) as connection:
        assert connection.execute("SELECT count(*) FROM orders").fetchone() == (0,)


def test_migrate_fails_when_the_only_live_host_refuses_writes(postgres_server: RunningPostgres) -> None:
    # A standby to libpq, which asks for the role's default.
    owner_url = postgres_server.create_database("hosts")
    role = conninfo_to_dict(owner_url)["user"]
    with psycopg.connect(postgres_server.admin_url, autocommit=True) as admin:
        admin.execute(f"ALTER ROLE {role} SET default_transaction_read_only = on".encode())
    assert migrate(several_hosts(owner_url, live_first=True), "order_svc") == 1


def test_migrate_reports_unreachable_hosts_without_the_password(capfd: pytest.CaptureFixture[str]) -> None:
    places = ",".join(f"127.0.0.1:{free_port()}" for _ in range(2))
    assert migrate(f"postgresql://orders:hunter2@{places}/orders?{_READ_WRITE}", "order_svc") == 1
    output = capfd.readouterr()
    assert "refused" in output.err
    assert "hunter2" not in output.out + output.err
