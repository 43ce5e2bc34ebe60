"""The base images of compose.yaml: the real ones, or stand-ins built here if no registry can be reached."""

import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.compose.docker import Docker, DockerError

_STAND_INS = Path(__file__).parent / "stand_ins"
PYTHON = "python:3.13-slim-bookworm"
#: The other images of compose.yaml, and the folder of each stand-in.
_SERVERS = {
    "postgres:17": "postgres",
    "redis:8": "redis",
    "prom/prometheus:v3.5.0": "prometheus",
    "grafana/grafana:12.1.0": "grafana",
}
_DEBIAN = "bookworm"
_PACKAGES = "python3,python3-venv,ca-certificates"
#: Left out by the official slim image, too.
_LEFT_OUT = ("usr/share/doc", "usr/share/man", "usr/share/locale", "var/cache/apt", "var/lib/apt/lists", "var/log")
_AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"
_DEBOOTSTRAP_S = 600


def provide_base_images(docker: Docker) -> None:
    """Provides every base image.

    Raises:
        DockerError: neither the real image nor what its stand-in needs is available.
    """
    if _is_missing(docker, PYTHON):
        _make_python(docker)
    for image, folder in _SERVERS.items():
        if _is_missing(docker, image):
            docker.build(_STAND_INS / folder, image, BASE=PYTHON)


def _is_missing(docker: Docker, image: str) -> bool:
    """Returns whether the image is neither on this machine nor in a reachable registry."""
    return all(docker.attempt(*ask, image).returncode for ask in (("image", "inspect"), ("pull", "--quiet")))


def _make_python(docker: Docker) -> None:
    """Builds a stand-in for the Python image: Debian with its own Python."""
    if shutil.which("debootstrap") is None:
        raise DockerError("no registry answers, and stand-ins for its images need debootstrap (Debian's package)")
    with TemporaryDirectory(prefix="headrace-image-") as folder:
        root = Path(folder) / "root"
        _run("debootstrap", "--variant=minbase", f"--include={_PACKAGES}", _DEBIAN, str(root), *_mirror())
        for left_out in _LEFT_OUT:
            shutil.rmtree(root / left_out)
            (root / left_out).mkdir()
        (root / "usr/local/bin/python").symlink_to("/usr/bin/python3")
        # Certificate authorities that this machine trusts for package registries are trusted in its containers too.
        trusted = os.environ.get("SSL_CERT_FILE", _AUTHORITIES)
        shutil.copyfile(trusted, root / _AUTHORITIES.removeprefix("/"))
        archive = Path(folder) / "root.tar"
        _run("tar", "--create", "--file", str(archive), "--directory", str(root), ".")
        environ = f"ENV SSL_CERT_FILE={_AUTHORITIES} PIP_CERT={_AUTHORITIES}"
        docker("import", "--change", environ, "--change", 'CMD ["python3"]', str(archive), PYTHON, timeout_s=300)


def _mirror() -> list[str]:
    """Returns the Debian mirror of this machine; empty for the default of debootstrap."""
    for source in sorted(Path("/etc/apt").glob("sources.list.d/*.sources")):
        for line in source.read_text().splitlines():
            if line.startswith("URIs:"):
                return [line.split()[1]]
    return []


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=_DEBOOTSTRAP_S, check=False)
    if done.returncode:
        raise DockerError(f"{command[0]}: {done.stdout[-2000:]}{done.stderr}")
