"""The images of the platform, and how their containers stop."""

import json
from typing import Any

import pytest

from tests.compose.compose_stack import ComposeStack
from tests.compose.docker import Docker

SERVICES = ("gateway", "user-svc", "order-svc")
_MAX_BYTES = 200e6
_NO_BYTECODE = """
import pathlib, sys
sources = [path for path in pathlib.Path("/opt/headrace/lib").rglob("*.py") if "/bin/" not in str(path)]
compiled = [path for path in sources if any((path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"))]
print(len(sources), len(compiled))
"""


def _inspected(docker: Docker, service: str) -> Any:
    return json.loads(docker("image", "inspect", f"headrace-{service}"))[0]


@pytest.fixture(scope="module")
def disposable(start_stack: Any) -> ComposeStack:
    """A platform for these tests alone."""
    started: ComposeStack = start_stack({})
    return started


@pytest.mark.parametrize("service", SERVICES)
def test_image_is_small(docker: Docker, service: str) -> None:
    size_bytes = _inspected(docker, service)["Size"]
    print(f"headrace-{service}: {size_bytes / 1e6:.0f} MB")
    assert size_bytes <= _MAX_BYTES


@pytest.mark.parametrize("service", SERVICES)
def test_container_runs_as_an_unprivileged_user(docker: Docker, service: str) -> None:
    assert _inspected(docker, service)["Config"]["User"] == "10001:10001"


@pytest.mark.parametrize("service", SERVICES)
def test_modules_of_an_image_are_compiled(docker: Docker, service: str) -> None:
    found = docker("run", "--rm", "--entrypoint", "python", f"headrace-{service}", "-c", _NO_BYTECODE)
    sources, compiled = map(int, found.split())
    # A few templates in the libraries are not valid Python.
    assert compiled >= 0.98 * sources > 0


@pytest.mark.parametrize("service", SERVICES)
def test_container_names_missing_settings(docker: Docker, service: str) -> None:
    done = docker.attempt("run", "--rm", f"headrace-{service}")
    assert done.returncode == 2
    assert "REDIS_URL" in done.stderr or "DATABASE_URL" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("service", SERVICES)
def test_container_has_a_read_only_root_and_no_capabilities(platform: ComposeStack, service: str) -> None:
    refused = platform.docker.attempt("exec", _container(platform, service), "sh", "-c", "touch /opt/headrace/x")
    assert refused.returncode != 0
    status = platform.compose("exec", "--no-TTY", service, "cat", "/proc/1/status")
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert int(fields["CapEff"], 16) == int(fields["CapPrm"], 16) == 0
    assert fields["NoNewPrivs"].strip() == "1"


@pytest.mark.parametrize("service", SERVICES)
def test_service_is_process_1_and_stops_gracefully(disposable: ComposeStack, service: str) -> None:
    container = _container(disposable, service)
    assert "/opt/headrace/bin/service" in disposable.docker("exec", container, "cat", "/proc/1/cmdline")
    disposable.docker("stop", "--time", "20", container)
    state = json.loads(disposable.docker("inspect", "--format", "{{json .State}}", container))
    assert (state["Status"], state["ExitCode"]) == ("exited", 0)


def _container(stack: ComposeStack, service: str) -> str:
    return stack.compose("ps", "--quiet", service).strip()
