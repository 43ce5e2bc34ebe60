"""The services' databases: roles, ownership, and the migrations that are applied or pending.

Each database is owned by a role that migrates it. The service's role may connect and has the rights that the
migrations grant it (`grants.sql` beside them): it cannot change the schema or rewrite append-only tables.
"""

import asyncio
import re
from collections.abc import Mapping
from importlib import util
from pathlib import Path

from local_stack.errors import StackError
from local_stack.secret_files import Secrets
from local_stack.servers.binaries import postgres_programs

DATABASES = ("user_svc", "order_svc")
_TIMEOUT_S = 30.0
#: As dbmate reads a file's name: the version is the digits before the first other character.
_MIGRATION = re.compile(r"(\d+).*\.sql")

# CREATE DATABASE has no IF NOT EXISTS and cannot run inside a block: \gexec runs the query's result, if there is one.
_CREATE_ROLE = """\
SELECT 'CREATE ROLE {role} LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') \\gexec
ALTER ROLE {role} PASSWORD '{password}';
"""
# Earlier versions had one role per database, which owned everything in it.
_CREATE_DATABASE = """\
SELECT 'CREATE DATABASE {name} OWNER {name}_migration'
  WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{name}') \\gexec
ALTER DATABASE {name} OWNER TO {name}_migration;
REVOKE ALL ON DATABASE {name} FROM PUBLIC, {name};
GRANT CONNECT ON DATABASE {name} TO {name};
\\connect {name}
REASSIGN OWNED BY {name} TO {name}_migration;
"""
# A database in which the service has no rights yet counts as not migrated: its grants are applied again.
_APPLIED = """\
\\connect {name}
SELECT to_regclass('schema_migrations') IS NOT NULL AND EXISTS (
  SELECT FROM information_schema.table_privileges WHERE grantee = '{name}' AND table_schema = 'public'
) AS migrated \\gset
\\if :migrated
SELECT '{name} ' || version FROM schema_migrations;
\\endif
"""


async def prepare(port: int, secrets: Secrets, environ: Mapping[str, str]) -> dict[str, set[str]]:
    """Creates missing roles and databases, and returns the applied migrations' versions by database.

    Raises:
        StackError: PostgreSQL rejected a statement.
    """
    roles = secrets.database_passwords.items()
    script = "".join(_CREATE_ROLE.format(role=role, password=password) for role, password in roles)
    script += "".join((_CREATE_DATABASE + _APPLIED).format(name=name) for name in DATABASES)
    applied: dict[str, set[str]] = {name: set() for name in DATABASES}
    for line in (await _psql(port, secrets.postgres_password, script, environ)).splitlines():
        name, version = line.split()
        applied[name].add(version)
    return applied


def has_pending_migrations(package: str, applied: set[str]) -> bool:
    """Returns whether the import package ``package`` has a migration that is not among those applied.

    Comparing file names saves the start of a process. If the files cannot be found, the answer is True, and the
    service's own `migrate` decides.
    """
    spec = util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return True
    folder = Path(spec.submodule_search_locations[0]) / "migrations"
    names = [match for match in map(_MIGRATION.fullmatch, (path.name for path in folder.glob("*.sql"))) if match]
    return not names or any(name[1] not in applied for name in names)


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
