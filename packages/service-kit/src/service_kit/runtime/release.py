"""The release that this process runs: service, version, commit, time of start."""

import os
import platform
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version

#: The commit of the build, an environment variable of the container image.
COMMIT_VARIABLE = "HEADRACE_COMMIT"


@dataclass(frozen=True, slots=True)
class Release:
    """The release of one process. commit: empty if the build did not set it. started_at: of this object's creation."""

    service: str
    version: str
    commit: str = ""
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    _began_s: float = field(default_factory=time.monotonic, repr=False)

    @property
    def python(self) -> str:
        """Implementation and version, "CPython 3.13.1"."""
        return f"{platform.python_implementation()} {platform.python_version()}"

    @property
    def uptime_s(self) -> float:
        """Seconds since the start, by the monotonic clock."""
        return time.monotonic() - self._began_s


def this_release(service: str) -> Release:
    """Returns the release of the installed distribution ``service``."""
    return Release(service, version(service), os.environ.get(COMMIT_VARIABLE, ""))
