"""Pinning images by digest, with a script in place of the registry."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

_COMPOSE = Path(__file__).resolve().parents[3] / "infra" / "compose"
_SCRIPT = _COMPOSE / "pin_images.py"
_KNOWN = '#!/bin/sh\nprintf "%s" "$4" | sha256sum | sed "s/ .*//; s/^/sha256:/"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "compose.yaml").write_text((_COMPOSE / "compose.yaml").read_text())
    return tmp_path


def _run(folder: Path, registry: str) -> subprocess.CompletedProcess[str]:
    docker = folder / "docker"
    docker.write_text(registry)
    docker.chmod(0o755)
    environ = {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(
        [sys.executable, _SCRIPT, folder], env=environ, capture_output=True, text=True, check=False, timeout=30
    )


def test_every_image_is_pinned_and_other_lines_are_unchanged(folder: Path) -> None:
    (folder / ".env").write_text("GATEWAY_PORT=8081\nREDIS_IMAGE=redis:7\n")

    done = _run(folder, _KNOWN)

    assert done.returncode == 0, done.stderr
    lines = (folder / ".env").read_text().splitlines()
    assert lines[0] == "GATEWAY_PORT=8081"
    pinned = dict(line.split("=", 1) for line in lines[1:])
    assert pinned.keys() == {"GRAFANA_IMAGE", "POSTGRES_IMAGE", "PROMETHEUS_IMAGE", "PYTHON_IMAGE", "REDIS_IMAGE"}
    for image in pinned.values():
        tag, _, digest = image.partition("@sha256:")
        assert ":" in tag
        assert len(digest) == 64
    assert _run(folder, _KNOWN).stdout == "".join(f"{line}\n" for line in lines[1:])


@pytest.mark.parametrize("registry", ["#!/bin/sh\necho no such image >&2\nexit 1\n", "#!/bin/sh\necho sha256:short\n"])
def test_image_without_a_digest_is_reported_and_nothing_is_written(folder: Path, registry: str) -> None:
    done = _run(folder, registry)

    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert ":" in done.stderr
    assert not (folder / ".env").exists()
