"""The ports of the platform, and checks whether they are free."""

import asyncio
import errno
import socket
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from time import monotonic

import psutil

from local_stack.errors import StackError

LOOPBACK = "127.0.0.1"
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
#: Linux keeps the end of a connection for 60 s (TIME-WAIT, RFC 9293 3.6.1).
_TIME_WAIT_S = 62.0
_POLL_S = 0.2


@dataclass(frozen=True, slots=True)
class Claim:
    """A port that a process will listen on; ``purpose`` is `public`, `admin` or `pprof`."""

    process: str
    purpose: str
    hosts: tuple[str, ...]
    port: int


def is_free(host: str, port: int) -> bool:
    """Returns whether a server can listen on the port.

    Only a port in use counts as taken; any other error of the address is left to the process, which reports it better.
    """
    if _can_bind(host, port, socket.SO_REUSEADDR):
        return True
    # Lingering connections of an earlier server with SO_REUSEPORT block this probe, but not a new such server.
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
        # A time-out counts as a listener: it is too busy to accept.
        return probe.connect_ex((host, port)) != errno.ECONNREFUSED


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def spare_ports(taken: Mapping[str, int], offset: int, host: str = "127.0.0.1") -> Iterator[int]:
    """Yields ports for further replicas: the free ones above those of the first replicas, ``taken``.

    Raises:
        StackError: there is no free port left.
    """
    yield from (port for port in range(max(taken.values()) + 1 + offset, LAST_PORT + 1) if is_free(host, port))
    raise StackError("there are too few ports for all replicas: --port-offset is too large")


async def require_free(
    claims: Iterable[Claim], announce: Callable[[str], None], *, hint: str, within_s: float = _TIME_WAIT_S
) -> None:
    """Checks all ports before any process is started.

    Some of them are in the range of outgoing connections, and a closed connection occupies its port for a minute: this
    function waits for that.

    Args:
        claims: the ports that the stack will listen on.
        announce: receives a message when there is something to wait for.
        hint: a command line that avoids these ports.
        within_s: the longest wait for closed connections, in seconds.

    Raises:
        StackError: names each taken port, the process that needs it, and the program that has it, if the system
            shows that.
    """
    taken = _taken(claims)
    until = monotonic() + within_s
    if taken and not _listened_on(taken):
        ports = ", ".join(str(claim.port) for claim in taken)
        announce(f"Port {ports}: a closed connection of another program occupies it (TIME-WAIT); waiting for its end.")
        while taken and not _listened_on(taken) and monotonic() < until:
            await asyncio.sleep(_POLL_S)
            taken = _taken(taken)
    if taken:
        owners = _owners()
        lines = [
            f"port {claim.port} ({claim.process}, {claim.purpose}) is already in use{owners.get(claim.port, _UNKNOWN)}"
            for claim in taken
        ]
        raise StackError("\n".join([*lines, f"free it, or let this stack use other ports: {hint}"]))


#: Used if the system shows no program for the port.
_UNKNOWN = " (by another account's program, or by a closed connection for up to a minute)"


def _taken(claims: Iterable[Claim]) -> list[Claim]:
    return [claim for claim in claims if not all(is_free(host, claim.port) for host in claim.hosts)]


def _listened_on(claims: Collection[Claim]) -> bool:
    return any(_has_listener(host, claim.port) for claim in claims for host in claim.hosts)


def _owners() -> dict[int, str]:
    """Returns the program that has each port, if the system shows it: the listener where there is one."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:
        return {}
    connections.sort(key=lambda connection: connection.status == psutil.CONN_LISTEN)
    return {
        connection.laddr.port: f" by {_program(connection.pid)}"
        for connection in connections
        if connection.pid and connection.laddr
    }


def _program(pid: int) -> str:
    try:
        return f"{psutil.Process(pid).name()} (process {pid})"
    except psutil.Error:
        return f"process {pid}"
