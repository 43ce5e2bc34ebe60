"""Session parameters are set by the process, not by the database, its role or a variable of libpq."""

import os
import subprocess
import sys
from datetime import UTC, datetime

import psycopg
import pytest
from service_kit.postgres import PoolLimits, open_pool
from service_kit.postgres.statements import fetch_all
from service_kit.runtime.inherited_environment import remove_inherited

from tests.running.servers import RunningPostgres

LIMITS = PoolLimits(min_size=1, max_size=1, wait_s=5.0, connect_timeout_s=5, statement_timeout_ms=5000)

DEFAULTS = {
    "DateStyle": ("'German'", "ISO, DMY"),
    "IntervalStyle": ("'sql_standard'", "postgres"),
    "TimeZone": ("'Asia/Kathmandu'", "UTC"),
    "client_encoding": ("'LATIN1'", "UTF8"),
    "bytea_output": ("'escape'", "hex"),
    "default_transaction_isolation": ("'serializable'", "read committed"),
    "default_transaction_deferrable": ("on", "off"),
    "statement_timeout": ("1", "5s"),
}


@pytest.mark.parametrize("parameter", list(DEFAULTS))
async def test_session_parameters_override_the_databases_defaults(
    postgres_server: RunningPostgres, parameter: str
) -> None:
    url = postgres_server.create_database("defaults")
    given, expected = DEFAULTS[parameter]
    with psycopg.connect(url, autocommit=True) as connection:
        name = connection.info.dbname
        connection.execute(f"ALTER DATABASE {name} SET {parameter} = {given}")

    async with open_pool(url, LIMITS, application_name="tests") as pool:
        shown = (await fetch_all(pool, f"SHOW {parameter}"))[0][0]
        moment = datetime(2026, 11, 30, 12, tzinfo=UTC)
        assert await fetch_all(pool, "SELECT %s::timestamptz, 'ä€'::text", (moment,)) == [(moment, "ä€")]

    assert shown.split(",")[0] == expected.split(",")[0]


VARIABLES = {
    "PGDATESTYLE": "German",
    "PGTZ": "Asia/Kathmandu",
    "PGCLIENTENCODING": "LATIN1",
    "PGGEQO": "nonsense",
    "PGSERVICE": "nowhere",
    "PGSERVICEFILE": "/nowhere",
    "PGHOST": "192.0.2.1",
    "PGHOSTADDR": "192.0.2.1",
    "PGPORT": "1",
    "PGUSER": "nobody",
    "PGPASSFILE": "/nowhere",
    "PGOPTIONS": "-c default_transaction_read_only=on",
    "PGTARGETSESSIONATTRS": "standby",
    "PGCHANNELBINDING": "require",
    "PGREQUIREAUTH": "none",
    "PGSSLMODE": "verify-full",
    "PGSSLNEGOTIATION": "direct",
    "PGREQUIREPEER": "nobody",
    "PGSSLROOTCERT": "/nowhere",
    "PGMINPROTOCOLVERSION": "9.9",
    "PGCONNECT_TIMEOUT": "nonsense",
    "PGLOADBALANCEHOSTS": "nonsense",
}
_PROGRAM = """
import os, sys, psycopg
from service_kit.runtime.inherited_environment import remove_inherited
remove_inherited(os.environ)
with psycopg.connect(sys.stdin.read()) as connection:
    print(connection.execute("SELECT current_setting('DateStyle') || ' ' || current_setting('TimeZone')").fetchone()[0])
"""


@pytest.mark.parametrize("variable", list(VARIABLES))
def test_libpq_variables_do_not_reach_a_process(postgres_server: RunningPostgres, variable: str) -> None:
    url = postgres_server.create_database("variables").removesuffix("?sslmode=disable")
    with psycopg.connect(url) as connection:
        query = "SELECT current_setting('DateStyle') || ' ' || current_setting('TimeZone')"
        expected = connection.execute(query).fetchone()
    assert expected is not None

    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        input=url,
        capture_output=True,
        text=True,
        env={**os.environ, variable: VARIABLES[variable]},
        check=False,
        timeout=60,
    )

    assert (done.stdout.strip(), done.stderr) == (expected[0], "")


def test_other_variables_are_kept() -> None:
    environ = {"PATH": "/bin", "PGHOST": "x", "DBMATE_MIGRATIONS_TABLE": "x", "USER_SVC_PORT": "1", "HTTP_PROXY": "x"}
    remove_inherited(environ)
    assert environ == {"PATH": "/bin", "USER_SVC_PORT": "1", "HTTP_PROXY": "x"}
