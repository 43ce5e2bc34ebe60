"""The interface of a running platform, local or in containers."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

ALLOWED_ORIGIN = "https://app.example"
"""The only other origin from which browsers may use the platform."""


class RunningStack(Protocol):
    """A running gateway with its services."""

    @property
    def data_dir(self) -> Path:
        """The data folder: secrets, keys, logs."""

    @property
    def url(self) -> str:
        """The URL of the gateway, without a trailing slash."""

    def grpc_target(self, name: str) -> str:
        """Returns host:port of a service, such as user-svc."""

    def create_admin(self, email: str, password: str) -> object:
        """Creates an administrator's account."""


StartStack = Callable[[Mapping[str, str]], RunningStack]
