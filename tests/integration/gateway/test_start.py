"""How the gateway refuses to start: one message, exit code 2, no traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

_GOOD = {
    "GATEWAY_UPSTREAMS": "user-svc=127.0.0.1:1,order-svc=127.0.0.1:1",
    "GATEWAY_REDIS_URL": "redis://127.0.0.1:1/0",
}


def _start(settings: dict[str, str]) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
    command = [sys.executable, "-m", "gateway"]
    return subprocess.run(command, env=inherited | settings, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({}, ["GATEWAY_UPSTREAMS", "GATEWAY_REDIS_URL"]),
        (_GOOD | {"GATEWAY_PORT": "x", "GATEWAY_RATE_LIMIT_DEFAULT": "many"}, ["PORT", "RATE_LIMIT_DEFAULT"]),
        (_GOOD | {"GATEWAY_UPSTREAMS": "user-svc=127.0.0.1:1"}, ["order-svc"]),
        (_GOOD | {"GATEWAY_UPSTREAMS": "user-svc"}, ["GATEWAY_UPSTREAMS"]),
        (_GOOD | {"GATEWAY_REDIS_URL": "http://127.0.0.1"}, ["GATEWAY_REDIS_URL"]),
        (_GOOD | {"GATEWAY_CORS_ORIGINS": "null,*"}, ["GATEWAY_CORS_ORIGINS"]),
        (_GOOD | {"GATEWAY_TRUSTED_PROXIES": "10.0.0.0/99"}, ["GATEWAY_TRUSTED_PROXIES"]),
        (_GOOD | {"GATEWAY_DESCRIPTOR_SET": "/no/such/file"}, ["GATEWAY_DESCRIPTOR_SET"]),
    ],
)
def test_wrong_settings(settings: dict[str, str], named: list[str]) -> None:
    refused = _start(settings)

    assert refused.returncode == 2, refused.stdout + refused.stderr
    assert "Traceback" not in refused.stdout + refused.stderr
    for name in named:
        assert name in refused.stderr


def test_a_file_that_is_no_contract(tmp_path: Path) -> None:
    file = tmp_path / "contract.binpb"
    file.write_bytes(b"\xff\xff")

    refused = _start(_GOOD | {"GATEWAY_DESCRIPTOR_SET": str(file)})

    assert refused.returncode == 2
    assert "GATEWAY_DESCRIPTOR_SET" in refused.stderr
