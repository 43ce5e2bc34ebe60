"""Whole platforms for the tests, started with `up`, on free ports and in their own data folders."""

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

from local_stack.data_dir import DataDir
from local_stack.ports import ADMIN, LARGEST_OFFSET, PPROF, PUBLIC, is_free

from tests.running.secrets_seen import SEEN

#: The defaults of tests: limits that they do not reach, and cheap password hashes.
LENIENT = {
    "GATEWAY_RATE_LIMIT_DEFAULT": "100000/60s",
    "GATEWAY_RATE_LIMIT_CREDENTIALS": "100000/60s",
    "USER_SVC_LOGIN_FREE_PER_ACCOUNT": "1000000",
    "USER_SVC_LOGIN_FREE_PER_ADDRESS": "1000000",
    "USER_SVC_ARGON2_MEMORY_KIB": "1024",
    "USER_SVC_ARGON2_TIME_COST": "1",
}
_ATTEMPTS = 3
_UP_WITHIN_S = 110
#: Moves the highest port out of the range of outgoing connections.
_LOWEST_OFFSET = 11_000
_SPARE_PORTS = 8


@dataclass(frozen=True, slots=True)
class Stack:
    """A running platform; ``data_dir`` is its data folder, ``environ`` what it was started with."""

    data_dir: Path
    environ: Mapping[str, str]

    @property
    def services(self) -> dict[str, dict[str, Any]]:
        """The current state.json: pid, url and admin_url by name."""
        services: dict[str, dict[str, Any]] = json.loads((self.data_dir / "state.json").read_text())["services"]
        return services

    @property
    def url(self) -> str:
        """The URL of the gateway."""
        return str(self.services["gateway"]["url"])

    def admin_url(self, name: str) -> str:
        """Returns the URL of the probes and metrics of the process ``name``."""
        return str(self.services[name]["admin_url"])

    def grpc_target(self, name: str) -> str:
        """Returns host:port of the service ``name``."""
        return urlsplit(str(self.services[name]["url"])).netloc

    def create_admin(self, email: str, password: str) -> None:
        """Creates an administrator's account, with the command of user-svc."""
        SEEN.note("password", password)
        arguments = ("user-svc", "create-admin", "--email", email, "--name", "An Admin")
        done = local_stack(
            "run", "--data-dir", str(self.data_dir), *arguments, USER_SVC_ADMIN_PASSWORD=password, **self.environ
        )
        assert done.returncode == 0, done.stdout


def local_stack(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Runs a command of the local stack; its output, errors included, is in ``stdout``."""
    done = subprocess.run(
        [sys.executable, "-m", "local_stack", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_UP_WITHIN_S,
        env={**os.environ, **environ},
        check=False,
    )
    found = SEEN.secrets_in("local_stack " + arguments[0], done.stdout.encode())
    assert not found, found
    return done


def assert_logs_clean(data_dir: Path) -> None:
    """Raises AssertionError if a log of the stopped stack holds a secret of a test or of the stack."""
    SEEN.note_files(DataDir(data_dir).secrets)
    SEEN.assert_clean(logs_of(data_dir))


def logs_of(data_dir: Path) -> list[Path]:
    """Returns the logs of the stack in this data folder, those of its last run included."""
    return sorted(DataDir(data_dir).logs.glob("*"))


def free_offset() -> int:
    """Returns a port offset with which every port of a stack is free now."""
    ports = [
        *PUBLIC.values(),
        *range(min(ADMIN.values()), max(ADMIN.values()) + _SPARE_PORTS),
        *range(min(PPROF.values()), max(PPROF.values()) + _SPARE_PORTS),
    ]
    offsets = list(range(_LOWEST_OFFSET, LARGEST_OFFSET, 16))
    random.shuffle(offsets)
    return next(offset for offset in offsets if all(is_free("127.0.0.1", port + offset) for port in ports))


@contextmanager
def running_stack(environ: Mapping[str, str], replicas: Mapping[str, int]) -> Iterator[Stack]:
    """Yields a platform with empty data."""
    with TemporaryDirectory(prefix="headrace-stack-", ignore_cleanup_errors=True) as folder, ExitStack() as at_end:
        stack = Stack(Path(folder), {**LENIENT, **environ})
        at_end.callback(assert_logs_clean, stack.data_dir)
        at_end.callback(local_stack, "down", "--data-dir", folder)
        counts = ",".join(f"{name}={count}" for name, count in replicas.items())
        options = ("-d", "--no-prometheus", "--data-dir", folder, *(("--replicas", counts) if counts else ()))
        for _ in range(_ATTEMPTS):
            done = local_stack("up", *options, "--port-offset", str(free_offset()), **stack.environ)
            if "already in use" not in done.stdout:
                break
        assert done.returncode == 0, done.stdout
        yield stack
