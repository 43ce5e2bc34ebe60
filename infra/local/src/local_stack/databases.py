"""The services' databases: one role and one database each, and what migrations they already have."""

import asyncio
from collections.abc import Mapping

from local_stack.errors import StackError
from local_stack.secret_files import Secrets
from local_stack.servers.binaries import postgres_programs

OWNERS = ("user_svc", "order_svc")
_TIMEOUT_S = 30.0

# CREATE DATABASE has no IF NOT EXISTS and cannot run inside a block: \gexec runs what the query answers, if anything.
_CREATE = """\
SELECT 'CREATE ROLE {owner} LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{owner}') \\gexec
ALTER ROLE {owner} PASSWORD '{password}';
SELECT 'CREATE DATABASE {owner} OWNER {owner}'
  WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{owner}') \\gexec
REVOKE ALL ON DATABASE {owner} FROM PUBLIC;
"""
_APPLIED = """\
\\connect {owner}
SELECT to_regclass('schema_migrations') IS NOT NULL AS migrated \\gset
\\if :migrated
SELECT '{owner} ' || version FROM schema_migrations;
\\endif
"""


async def prepare(port: int, made: Secrets, environ: Mapping[str, str]) -> dict[str, set[str]]:
    """Create what is missing, and answer with the versions of the migrations that each database has.

    Raises:
        StackError: PostgreSQL refused.
    """
    passwords = {"user_svc": made.user_svc_password, "order_svc": made.order_svc_password}
    creation = "".join(_CREATE.format(owner=owner, password=passwords[owner]) for owner in OWNERS)
    inspection = "".join(_APPLIED.format(owner=owner) for owner in OWNERS)
    answer = await _psql(port, made.postgres_password, creation + inspection, environ)
    applied: dict[str, set[str]] = {owner: set() for owner in OWNERS}
    for line in answer.splitlines():
        owner, version = line.split()
        applied[owner].add(version)
    return applied


async def _psql(port: int, password: str, script: str, environ: Mapping[str, str]) -> str:
    program = postgres_programs(for_every_account=False) / "psql"
    options = ("--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1")
    process = await asyncio.create_subprocess_exec(
        program,
        *options,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={
            "LC_ALL": "C",
            "PATH": environ.get("PATH", ""),
            "PGHOST": "127.0.0.1",
            "PGPORT": str(port),
            "PGUSER": "postgres",
            "PGPASSWORD": password,
            "PGSSLMODE": "disable",
            "PGOPTIONS": "--client-min-messages=warning",
        },
    )
    async with asyncio.timeout(_TIMEOUT_S):
        output, errors = await process.communicate(script.encode())
    if process.returncode != 0:
        raise StackError(f"the databases cannot be prepared: {errors.decode(errors='replace').strip()}")
    return output.decode()
