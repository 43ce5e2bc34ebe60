"""The docker command, against whichever engine the tests use."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


class DockerError(Exception):
    """A docker command that failed; the text has what it printed."""


@dataclass(frozen=True, slots=True)
class Docker:
    """environ: what tells the command where its engine is (DOCKER_HOST, DOCKER_CONFIG), beside our own environment."""

    environ: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, *arguments: str, timeout_s: float = 120, **environ: str) -> str:
        """What the command prints. DockerError: it failed."""
        done = self.attempt(*arguments, timeout_s=timeout_s, **environ)
        if done.returncode:
            raise DockerError(f"docker {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done.stdout

    def attempt(self, *arguments: str, timeout_s: float = 120, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run the command to its end, however it ends."""
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
        """Build an image, on the host's network: where the engine does no NAT, it is the only one that reaches out."""
        given = [part for name, value in arguments.items() for part in ("--build-arg", f"{name}={value}")]
        chosen = ["--file", str(dockerfile)] if dockerfile is not None else []
        self("build", "--quiet", "--network", "host", "--tag", tag, *chosen, *given, str(folder), timeout_s=600)
