"""The services' databases, and what migrations they already have.

Each database belongs to a role of its own, which migrates it. The service's role may connect, and has the rights that
the migrations grant it (`grants.sql` beside them): it cannot change the schema, nor rewrite what is append-only.
"""

import asyncio
from collections.abc import Mapping

from local_stack.errors import StackError
from local_stack.secret_files import Secrets
from local_stack.servers.binaries import postgres_programs

DATABASES = ("user_svc", "order_svc")
_TIMEOUT_S = 30.0

# CREATE DATABASE has no IF NOT EXISTS and cannot run inside a block: \gexec runs what the query answers, if anything.
_CREATE_ROLE = """\
SELECT 'CREATE ROLE {role} LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') \\gexec
ALTER ROLE {role} PASSWORD '{password}';
"""
# Former versions had one role, which owned everything.
_CREATE_DATABASE = """\
SELECT 'CREATE DATABASE {name} OWNER {name}_migration'
  WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{name}') \\gexec
ALTER DATABASE {name} OWNER TO {name}_migration;
REVOKE ALL ON DATABASE {name} FROM PUBLIC, {name};
GRANT CONNECT ON DATABASE {name} TO {name};
\\connect {name}
REASSIGN OWNED BY {name} TO {name}_migration;
"""
# A database whose migrations have granted the service nothing yet has them run again.
_APPLIED = """\
\\connect {name}
SELECT to_regclass('schema_migrations') IS NOT NULL AND EXISTS (
  SELECT FROM information_schema.table_privileges WHERE grantee = '{name}' AND table_schema = 'public'
) AS migrated \\gset
\\if :migrated
SELECT '{name} ' || version FROM schema_migrations;
\\endif
"""


async def prepare(port: int, made: Secrets, environ: Mapping[str, str]) -> dict[str, set[str]]:
    """Create what is missing, and answer with the versions of the migrations that each database has.

    Raises:
        StackError: PostgreSQL refused.
    """
    roles = made.database_passwords.items()
    script = "".join(_CREATE_ROLE.format(role=role, password=password) for role, password in roles)
    script += "".join((_CREATE_DATABASE + _APPLIED).format(name=name) for name in DATABASES)
    applied: dict[str, set[str]] = {name: set() for name in DATABASES}
    for line in (await _psql(port, made.postgres_password, script, environ)).splitlines():
        name, version = line.split()
        applied[name].add(version)
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
