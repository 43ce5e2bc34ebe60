"""What runs here: which service, in which version, since when."""

import os
import platform
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version

#: What a build sets to the commit that it was made from; an image bakes it in.
COMMIT_VARIABLE = "HEADRACE_COMMIT"


@dataclass(frozen=True, slots=True)
class Release:
    """One process of a service. commit: empty where the build did not say. started_at: when this was made."""

    service: str
    version: str
    commit: str = ""
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    _began_s: float = field(default_factory=time.monotonic, repr=False)

    @property
    def python(self) -> str:
        """Implementation and version."""
        return f"{platform.python_implementation()} {platform.python_version()}"

    @property
    def uptime_s(self) -> float:
        """Seconds since the start, whatever became of the wall clock."""
        return time.monotonic() - self._began_s


def this_release(service: str) -> Release:
    """The release of the installed distribution ``service`` that this process runs."""
    return Release(service, version(service), os.environ.get(COMMIT_VARIABLE, ""))
