"""Which port each part of the platform listens on, and whether it is free."""

import errno
import socket
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import psutil

from local_stack.errors import StackError

PUBLIC = {
    "postgres": 5432,
    "redis": 6379,
    "prometheus": 9090,
    "user-svc": 50051,
    "order-svc": 50052,
    "gateway": 8080,
}
ADMIN = {"gateway": 9464, "user-svc": 9465, "order-svc": 9466}
PPROF = {"gateway": 6060, "user-svc": 6061, "order-svc": 6062}
LAST_PORT = 65535
_CONNECT_TIMEOUT_S = 1.0
LARGEST_OFFSET = LAST_PORT - max(PUBLIC.values())


@dataclass(frozen=True, slots=True)
class Claim:
    """A port that a process is going to listen on; ``purpose`` is `public`, `admin` or `pprof`."""

    process: str
    purpose: str
    host: str
    port: int


def is_free(host: str, port: int) -> bool:
    """Whether nobody listens on the port, and a server can.

    A host that cannot be listened on for another reason is left to the process itself, which says it better.
    """
    if _can_bind(host, port, socket.SO_REUSEADDR):
        return True
    # Connections that linger from an earlier server of the kind that shares its port are in the way of this probe,
    # but not of its successor.
    return _can_bind(host, port, socket.SO_REUSEADDR, socket.SO_REUSEPORT) and not _has_listener(host, port)


def _can_bind(host: str, port: int, *options: int) -> bool:
    with socket.socket(_family(host), socket.SOCK_STREAM) as probe:
        for option in options:
            probe.setsockopt(socket.SOL_SOCKET, option, 1)
        try:
            probe.bind((host, port))
        except OSError as exc:
            return exc.errno != errno.EADDRINUSE
        return True


def _has_listener(host: str, port: int) -> bool:
    with socket.socket(_family(host), socket.SOCK_STREAM) as probe:
        probe.settimeout(_CONNECT_TIMEOUT_S)
        # One that is too busy to take the connection is there too.
        return probe.connect_ex((host, port)) != errno.ECONNREFUSED


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def spare_ports(taken: Mapping[str, int], offset: int, host: str = "127.0.0.1") -> Iterator[int]:
    """The ports of further replicas: the free ones above those of the first ones, ``taken``.

    Raises:
        StackError: there is none left.
    """
    yield from (port for port in range(max(taken.values()) + 1 + offset, LAST_PORT + 1) if is_free(host, port))
    raise StackError("there are too few ports for all replicas: --port-offset is too large")


def require_free(claims: Iterable[Claim]) -> None:
    """Check all ports at once, before anything is started.

    Raises:
        StackError: it names every port that is taken, who wanted it, and who has it as far as one may know.
    """
    taken = [claim for claim in claims if not is_free(claim.host, claim.port)]
    if taken:
        owners = _listeners()
        lines = [
            f"port {claim.port} ({claim.process}, {claim.purpose}) is already in use{owners.get(claim.port, '')}"
            for claim in taken
        ]
        raise StackError("\n".join([*lines, "free it, or let this stack use other ports: ./just up --port-offset 100"]))


def _listeners() -> dict[int, str]:
    """For each port with a listener: by whom, as far as the system lets us see."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:
        return {}
    return {
        connection.laddr.port: f" by {_program(connection.pid)}"
        for connection in connections
        if connection.status == psutil.CONN_LISTEN and connection.pid and connection.laddr
    }


def _program(pid: int) -> str:
    try:
        return f"{psutil.Process(pid).name()} (process {pid})"
    except psutil.Error:
        return f"process {pid}"
