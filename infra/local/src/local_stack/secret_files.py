"""Secrets as files: made once for a data folder, readable by their owner only, handed on by path."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from local_stack.data_dir import DataDir
from local_stack.errors import StackError

_RANDOM_BYTES = 32
#: Made at random, and kept as long as the data folder is.
_GENERATED = (
    "postgres-password",
    "user-svc-password",
    "user-svc-migration-password",
    "order-svc-password",
    "order-svc-migration-password",
    "redis-password",
    "gateway-redis-password",
    "user-svc-redis-password",
    "order-svc-redis-password",
    "session-secret",
)


@dataclass(frozen=True, slots=True)
class Secrets:
    """The generated secrets of one data folder.

    postgres_password, redis_password: of the servers' administrators. …_svc_password: of a service's role in its
    database. …_migration_password: of the role that owns the tables there. …_redis_password: of a service's user.
    """

    postgres_password: str
    user_svc_password: str
    user_svc_migration_password: str
    order_svc_password: str
    order_svc_migration_password: str
    redis_password: str
    gateway_redis_password: str
    user_svc_redis_password: str
    order_svc_redis_password: str
    session_secret: str

    @property
    def redis_passwords(self) -> dict[str, str]:
        """Of the services' users in Redis, by service."""
        return {
            "gateway": self.gateway_redis_password,
            "user-svc": self.user_svc_redis_password,
            "order-svc": self.order_svc_redis_password,
        }

    @property
    def database_passwords(self) -> dict[str, str]:
        """Of the roles in PostgreSQL, by role: each database has one that owns it, and one for its service."""
        return {
            "user_svc": self.user_svc_password,
            "user_svc_migration": self.user_svc_migration_password,
            "order_svc": self.order_svc_password,
            "order_svc_migration": self.order_svc_migration_password,
        }


def load_or_generate(data: DataDir) -> Secrets:
    """The secrets of the data folder; those that are missing are made.

    Raises:
        StackError: PostgreSQL's password is gone while its data are there.
    """
    if (data.postgres / "created").exists() and not (data.secrets / "postgres-password").exists():
        raise StackError(f"{data.root} has databases, but their password is gone: start with empty data by --fresh")
    values = {name.replace("-", "_"): _load_or_generate(data.secrets / name) for name in _GENERATED}
    return Secrets(**values)


def _load_or_generate(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError:
        return write(path, secrets.token_hex(_RANDOM_BYTES))


def write(path: Path, value: str) -> str:
    """Replace the file at once; never, not for a moment, can anybody else read it."""
    scratch = path.with_name(f".{path.name}.tmp")
    scratch.unlink(missing_ok=True)
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(value)
    scratch.replace(path)
    return value


def write_connections(data: DataDir, made: Secrets, *, postgres_port: int, redis_port: int) -> None:
    """Write the files that hold connection strings; they change with the ports."""
    for role, password in made.database_passwords.items():
        database = role.removesuffix("_migration")
        url = f"postgres://{role}:{password}@127.0.0.1:{postgres_port}/{database}?sslmode=disable"
        write(data.secrets / f"{role.replace('_', '-')}-database-url", url)
    for service, password in made.redis_passwords.items():
        write(data.secrets / f"{service}-redis-url", f"redis://{service}:{password}@127.0.0.1:{redis_port}/0")
    # The administrator's, for people: no service reads it.
    write(data.secrets / "redis-url", f"redis://:{made.redis_password}@127.0.0.1:{redis_port}/0")
