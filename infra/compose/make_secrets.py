"""Creates the missing secrets that compose.yaml mounts: `python3 infra/compose/make_secrets.py`.

Uses the standard library only, so that it runs on a server with nothing but Docker and Python. Existing secrets are
kept, because the databases store them as well; to replace a password, change it in the database too.
"""

import hashlib
import secrets
import sys
from pathlib import Path
from string import Template

_ACL_TEMPLATE = Path(__file__).resolve().parents[1] / "redis" / "users.acl.template"
_FOLDER = Path(__file__).resolve().parent / "secrets"
_RANDOM_BYTES = 32
_REDIS_USERS = ("gateway", "user-svc", "order-svc")
_GENERATED = (
    "gateway-redis-password",
    "grafana-admin-password",
    "order-svc-database-password",
    "order-svc-migration-database-password",
    "order-svc-redis-password",
    "postgres-password",
    "redis-password",
    "session-secret",
    "user-svc-database-password",
    "user-svc-migration-database-password",
    "user-svc-redis-password",
)


def main(folder: Path = _FOLDER) -> None:
    """Writes random passwords, and the connection strings that contain them, to ``folder``."""
    # The folder is private; the files in it are mounted into containers, whose users must be able to read them.
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    made = {name: _keep_or_write(folder / name, secrets.token_hex(_RANDOM_BYTES)) for name in _GENERATED}
    for service in ("user-svc", "order-svc"):
        database = service.replace("-", "_")
        # The role of the service, and the role that owns the tables, which only the migrations use.
        for name, role in ((service, database), (f"{service}-migration", f"{database}_migration")):
            url = f"postgres://{role}:{made[f'{name}-database-password']}@postgres:5432/{database}"
            _keep_or_write(folder / f"{name}-database-url", url)
    for service in _REDIS_USERS:
        password = made[f"{service}-redis-password"]
        _keep_or_write(folder / f"{service}-redis-url", f"redis://{service}:{password}@redis:6379/0")
    _write(folder / "redis-users.acl", _acl(made))


def _acl(made: dict[str, str]) -> str:
    """Returns the ACL of Redis: the keys and commands of each service, with digests of the passwords."""
    passwords = {"admin": made["redis-password"]}
    passwords |= {service.replace("-", "_"): made[f"{service}-redis-password"] for service in _REDIS_USERS}
    digests = {user: hashlib.sha256(password.encode()).hexdigest() for user, password in passwords.items()}
    return Template(_ACL_TEMPLATE.read_text()).substitute(digests)


def _keep_or_write(path: Path, value: str) -> str:
    return path.read_text() if path.exists() else _write(path, value)


def _write(path: Path, value: str) -> str:
    path.unlink(missing_ok=True)  # the file is read-only, even for its owner
    path.write_text(value)
    path.chmod(0o444)
    return value


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
