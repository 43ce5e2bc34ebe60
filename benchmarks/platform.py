"""The measured platform: a local stack in its own data folder, without rate limits, with logs as in production."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx2

PORT_OFFSET = 14_000
_SETTINGS = {
    "GATEWAY_LOG_FORMAT": "json",
    "USER_SVC_LOG_FORMAT": "json",
    "ORDER_SVC_LOG_FORMAT": "json",
    "GATEWAY_RATE_LIMIT_DEFAULT": "10000000/60s",
    "GATEWAY_RATE_LIMIT_CREDENTIALS": "10000000/60s",
    # Login attempts in progress count as failures until they succeed.
    "USER_SVC_LOGIN_FREE_PER_ACCOUNT": "100000",
    "USER_SVC_LOGIN_FREE_PER_ADDRESS": "100000",
}
PASSWORD = "a-long-walk-in-the-rain"


@dataclass(frozen=True, slots=True)
class Platform:
    """A running platform."""

    services: Mapping[str, Mapping[str, Any]]
    status: Mapping[str, Any]

    @property
    def url(self) -> str:
        return str(self.services["gateway"]["url"])

    def pid(self, name: str) -> int:
        return int(self.services[name]["pid"])

    def post(self, path: str, body: object, token: str = "") -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = httpx2.post(self.url + path, json=body, headers=headers, timeout=10).raise_for_status()
        content: dict[str, Any] = answer.json()
        return content


@contextmanager
def running_platform(environ: Mapping[str, str] | None = None, port_offset: int = PORT_OFFSET) -> Iterator[Platform]:
    """Starts the platform, and stops it at the end of the context."""
    with TemporaryDirectory(prefix="headrace-bench-") as folder:
        where = ["--data-dir", folder]
        wanted = {**_SETTINGS, **(environ or {})}
        _local_stack("up", "-d", "--no-prometheus", "--port-offset", str(port_offset), *where, environ=wanted)
        try:
            services = json.loads((Path(folder) / "state.json").read_text())["services"]
            status = json.loads(_local_stack("status", "--json", *where))
            yield Platform(services, status)
        finally:
            _local_stack("down", *where)


def _local_stack(*arguments: str, environ: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "local_stack", *arguments],
        env={**os.environ, **(environ or {})},
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"local-stack {arguments[0]}: {done.stdout}")
    return done.stdout
