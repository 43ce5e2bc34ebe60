"""Platforms in containers for the tests, started with the files of `just up-compose`."""

import json
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.compose.docker import Docker
from tests.running.secrets_seen import SEEN
from tests.running.stacks import LENIENT

ROOT = Path(__file__).resolve().parents[2]
COMPOSE_FILE = ROOT / "infra" / "compose" / "compose.yaml"
SERVICES = {"GATEWAY_": "gateway", "USER_SVC_": "user-svc", "ORDER_SVC_": "order-svc"}
#: Ports that tests reach without the gateway; published only for tests.
_INNER_PORTS = {"user-svc": 50051, "order-svc": 50052, "postgres": 5432}
#: Each platform of the tests has its own.
_OUTER_PORTS = ("GATEWAY_PORT", "GATEWAY_PPROF_PORT", "PROMETHEUS_PORT", "GRAFANA_PORT")
#: Requests from this machine reach a container from the bridge's address, not from 127.0.0.1.
_BRIDGES = "172.16.0.0/12,192.168.0.0/16"
_UP_WITHIN_S = 180


@dataclass(frozen=True, slots=True)
class ComposeStack:
    """A running platform; ``data_dir`` holds its secrets and keys, as in a local stack."""

    docker: Docker
    project: str
    data_dir: Path
    environ: Mapping[str, str]

    @property
    def url(self) -> str:
        """The URL of the gateway."""
        return f"http://{self.published('gateway', 8080)}"

    def grpc_target(self, name: str) -> str:
        """Returns host:port of a service."""
        return self.published(name, _INNER_PORTS[name])

    def published(self, service: str, port: int) -> str:
        """Returns host:port at which this machine reaches a container's port."""
        return self.compose("port", service, str(port)).strip()

    def create_admin(self, email: str, password: str) -> None:
        """Creates an administrator's account, with the command in the service's container."""
        SEEN.note("password", password)
        arguments = ("/opt/headrace/bin/service", "create-admin", "--email", email, "--name", "An Admin")
        self.compose("exec", "--env", f"USER_SVC_ADMIN_PASSWORD={password}", "--no-TTY", "user-svc", *arguments)

    def compose(self, *arguments: str, timeout_s: float = 60) -> str:
        """Runs `docker compose` on this platform."""
        files = ("--file", str(COMPOSE_FILE), "--file", str(self.data_dir / "override.json"))
        return self.docker(
            "compose", "--project-name", self.project, *files, *arguments, timeout_s=timeout_s, **self.environ
        )


@contextmanager
def running_compose(docker: Docker, environ: Mapping[str, str], replicas: Mapping[str, int]) -> Iterator[ComposeStack]:
    """Yields a platform with empty volumes; the images must exist."""
    with TemporaryDirectory(prefix="headrace-compose-") as folder, ExitStack() as at_end:
        data_dir = Path(folder)
        mounted = data_dir / "mounted"
        settings = {"HEADRACE_SECRETS": str(mounted), **dict.fromkeys(_OUTER_PORTS, "0")}
        stack = ComposeStack(docker, f"headrace-test-{secrets.token_hex(4)}", data_dir, settings)
        make_secrets = [sys.executable, str(COMPOSE_FILE.parent / "make_secrets.py"), str(mounted)]
        subprocess.run(make_secrets, check=True, capture_output=True)
        (data_dir / "override.json").write_text(
            json.dumps(_override({**LENIENT, "GATEWAY_COOKIE_SECURE": "false", **environ}))
        )
        at_end.callback(_take_down, stack)
        scaled = [part for name, count in replicas.items() for part in ("--scale", f"{name}={count}")]
        stack.compose("up", "--detach", "--no-build", "--wait", *scaled, timeout_s=_UP_WITHIN_S)
        _show_secrets(stack, mounted)
        yield stack


def _override(environ: Mapping[str, str]) -> dict[str, Any]:
    """Returns the additions to compose.yaml: settings, and inner ports published on loopback."""
    services: dict[str, Any] = {
        name: {"ports": [f"127.0.0.1:0:{port}"], "networks": ["published"]} for name, port in _INNER_PORTS.items()
    }
    for setting, value in environ.items():
        for service in (name for prefix, name in SERVICES.items() if setting.startswith(prefix)):
            seen = value.replace("127.0.0.1", _BRIDGES) if setting == "GATEWAY_TRUSTED_PROXIES" else value
            services.setdefault(service, {}).setdefault("environment", {})[setting] = seen
    return {"services": services, "networks": {"published": {}}}


def _show_secrets(stack: ComposeStack, mounted: Path) -> None:
    """Writes secrets and keys as in a local stack, with database addresses that this machine can reach."""
    shown = stack.data_dir / "secrets"
    shown.mkdir()
    database = stack.published("postgres", _INNER_PORTS["postgres"])
    for secret in mounted.iterdir():
        (shown / secret.name).write_text(secret.read_text().replace("postgres:5432", database))
    stack.compose("cp", "user-svc:/var/lib/headrace/keys", str(shown / "keys"))


def _take_down(stack: ComposeStack) -> None:
    """Searches the logs for secrets, and removes the platform with its data."""
    log = stack.data_dir / "containers.log"
    log.write_text(stack.compose("logs", "--no-color"))
    stack.compose("down", "--volumes", "--timeout", "15", timeout_s=120)
    if (stack.data_dir / "secrets").is_dir():
        SEEN.note_files(stack.data_dir / "secrets")
    SEEN.assert_clean([log])
