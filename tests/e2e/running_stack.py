"""What these tests ask of a running platform; who started it, and how, is not theirs to know."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

ALLOWED_ORIGIN = "https://app.example"
"""The one origin, other than its own, from which a browser may use the platform."""


class RunningStack(Protocol):
    """A gateway with its services."""

    @property
    def data_dir(self) -> Path:
        """Its data folder: secrets, keys, logs."""

    @property
    def url(self) -> str:
        """Where the gateway answers, without a slash at the end."""

    def grpc_target(self, name: str) -> str:
        """The host:port of a service, such as user-svc."""

    def create_admin(self, email: str, password: str) -> object:
        """Makes an administrator's account."""


StartStack = Callable[[Mapping[str, str]], RunningStack]
