"""The docker command on the engine of the tests."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


class DockerError(Exception):
    """A docker command failed; the text has its output."""


@dataclass(frozen=True, slots=True)
class Docker:
    """Runs docker commands. environ: variables that select the engine (DOCKER_HOST, DOCKER_CONFIG)."""

    environ: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, *arguments: str, timeout_s: float = 120, **environ: str) -> str:
        """Runs the command and returns its output.

        Raises:
            DockerError: it failed.
        """
        done = self.attempt(*arguments, timeout_s=timeout_s, **environ)
        if done.returncode:
            raise DockerError(f"docker {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done.stdout

    def attempt(self, *arguments: str, timeout_s: float = 120, **environ: str) -> subprocess.CompletedProcess[str]:
        """Runs the command and returns its result, failed or not."""
        return subprocess.run(
            ["docker", *arguments],
            env={**os.environ, **self.environ, **environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def build(self, folder: Path, tag: str, *, dockerfile: Path | None = None, **arguments: str) -> None:
        """Builds an image on the host's network, the only one with Internet access if the engine does no NAT."""
        given = [part for name, value in arguments.items() for part in ("--build-arg", f"{name}={value}")]
        chosen = ["--file", str(dockerfile)] if dockerfile is not None else []
        self("build", "--quiet", "--network", "host", "--tag", tag, *chosen, *given, str(folder), timeout_s=600)
