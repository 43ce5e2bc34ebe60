"""The installed command `user-svc`, run as the operator runs it."""

import os
import secrets
import shutil
import subprocess
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.running.secrets_seen import SEEN
from tests.running.servers import RunningPostgres, RunningRedis, free_port

_TIMEOUT_S = 60


@dataclass(frozen=True)
class UserSvc:
    """An installation. environ: its settings."""

    environ: Mapping[str, str]

    @property
    def port(self) -> int:
        return int(self.environ["USER_SVC_PORT"])

    @property
    def admin_url(self) -> str:
        return f"http://127.0.0.1:{self.environ['USER_SVC_ADMIN_PORT']}"

    @property
    def database_url(self) -> str:
        return self.environ["USER_SVC_DATABASE_URL"]

    def run(self, *arguments: str, stdin: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
        """Runs the command to its end. AssertionError: its output contains a secret."""
        SEEN.note("password", stdin.strip() or environ.get("USER_SVC_ADMIN_PASSWORD", ""))
        done = subprocess.run(
            [executable(), *arguments],
            env={**self.environ, **environ},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
        told = SEEN.secrets_in("user-svc", (done.stdout + done.stderr).encode())
        assert not told, told
        return done

    def start(self, log: Path) -> subprocess.Popen[bytes]:
        """Starts serving."""
        with SEEN.watch(log).open("wb") as output:
            return subprocess.Popen([executable()], env=self.environ, stdout=output, stderr=output)


def executable() -> str:
    """Returns the path of the command beside this interpreter."""
    found = shutil.which("user-svc", path=sysconfig.get_path("scripts"))
    assert found is not None
    return found


def installation(postgres: RunningPostgres, redis: RunningRedis, folder: Path) -> UserSvc:
    """Returns settings with a separate database, key folder and ports, and a cheap password hash."""
    session_secret = secrets.token_hex(32)
    SEEN.note("session secret", session_secret)
    owner_url = postgres.create_database("users")
    mine = {
        "DATABASE_URL": postgres.create_service_role(owner_url),
        "MIGRATION_DATABASE_URL": owner_url,
        "REDIS_URL": redis.url,
        "KEY_DIR": str(folder / "keys"),
        "SESSION_SECRET": session_secret,
        "PORT": str(free_port()),
        "ADMIN_PORT": str(free_port()),
        "PPROF_PORT": "0",
        "ARGON2_MEMORY_KIB": "1024",
        "ARGON2_TIME_COST": "1",
        "DRAIN_S": "2",
    }
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("USER_SVC_")}
    return UserSvc({**inherited, **{f"USER_SVC_{name}": value for name, value in mine.items()}})
