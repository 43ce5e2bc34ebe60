"""Makes the secrets that compose.yaml mounts, where they are missing: `python3 infra/compose/make_secrets.py`.

Nothing but the standard library: it runs on a server that has no more than Docker and Python. What is there already is
kept, for the databases remember it; to replace a password, change it in the database too.
"""

import secrets
import sys
from pathlib import Path

_FOLDER = Path(__file__).resolve().parent / "secrets"
_RANDOM_BYTES = 32
_GENERATED = (
    "grafana-admin-password",
    "order-svc-database-password",
    "postgres-password",
    "redis-password",
    "session-secret",
    "user-svc-database-password",
)


def main(folder: Path = _FOLDER) -> None:
    """Fill ``folder``: passwords at random, and the connection strings that hold them."""
    # The folder keeps everybody out; the files are mounted into containers, whose accounts must be able to read them.
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    made = {name: _keep_or_write(folder / name, secrets.token_hex(_RANDOM_BYTES)) for name in _GENERATED}
    for service in ("user-svc", "order-svc"):
        role = service.replace("-", "_")
        password = made[f"{service}-database-password"]
        _keep_or_write(folder / f"{service}-database-url", f"postgres://{role}:{password}@postgres:5432/{role}")
    _keep_or_write(folder / "redis-url", f"redis://:{made['redis-password']}@redis:6379/0")


def _keep_or_write(path: Path, value: str) -> str:
    if not path.exists():
        path.write_text(value)
        path.chmod(0o444)
    return path.read_text()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
