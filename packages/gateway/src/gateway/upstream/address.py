"""Where a service listens."""

from typing import NamedTuple

from service_kit.grpc.client import parse_target


class Address(NamedTuple):
    """A host, by name or by number, and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(text: str) -> Address:
    """Read "host:port" or "[::1]:port". ValueError: it is neither."""
    return Address(*parse_target(text))
