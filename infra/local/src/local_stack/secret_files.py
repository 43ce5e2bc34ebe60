"""Secrets as files: generated once per data folder, readable by their owner only, passed on by path."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from local_stack.data_dir import DataDir
from local_stack.errors import StackError

_RANDOM_BYTES = 32
#: Generated at random, and kept as long as the data folder.
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
    database. …_migration_password: of the role that owns the tables there. …_redis_password: of a service's user in
    Redis.
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
        """The passwords of the services' users in Redis, by service."""
        return {
            "gateway": self.gateway_redis_password,
            "user-svc": self.user_svc_redis_password,
            "order-svc": self.order_svc_redis_password,
        }

    @property
    def database_passwords(self) -> dict[str, str]:
        """The passwords of the roles in PostgreSQL, by role: per database its owner and its service."""
        return {
            "user_svc": self.user_svc_password,
            "user_svc_migration": self.user_svc_migration_password,
            "order_svc": self.order_svc_password,
            "order_svc_migration": self.order_svc_migration_password,
        }


def load_or_generate(data: DataDir) -> Secrets:
    """Returns the secrets of the data folder, and generates missing ones.

    Raises:
        StackError: PostgreSQL's password is missing although its data exist.
    """
    if (data.postgres / "created").exists() and not (data.secrets / "postgres-password").exists():
        raise StackError(
            f"{data.root} has databases, but their password is missing: use --fresh to start with empty data"
        )
    values = {name.replace("-", "_"): _load_or_generate(data.secrets / name) for name in _GENERATED}
    return Secrets(**values)


def _load_or_generate(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError:
        return write(path, secrets.token_hex(_RANDOM_BYTES))


def write(path: Path, value: str) -> str:
    """Replaces the file atomically; other accounts cannot read it at any moment."""
    scratch = path.with_name(f".{path.name}.tmp")
    scratch.unlink(missing_ok=True)
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(value)
    scratch.replace(path)
    return value


def write_connections(data: DataDir, generated: Secrets, *, postgres_port: int, redis_port: int) -> None:
    """Writes the connection strings, which change with the ports."""
    for role, password in generated.database_passwords.items():
        database = role.removesuffix("_migration")
        url = f"postgres://{role}:{password}@127.0.0.1:{postgres_port}/{database}?sslmode=disable"
        write(data.secrets / f"{role.replace('_', '-')}-database-url", url)
    for service, password in generated.redis_passwords.items():
        write(data.secrets / f"{service}-redis-url", f"redis://{service}:{password}@127.0.0.1:{redis_port}/0")
    # For the operator: no service reads the administrator's URL.
    write(data.secrets / "redis-url", f"redis://:{generated.redis_password}@127.0.0.1:{redis_port}/0")
