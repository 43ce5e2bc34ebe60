"""Connections to each gateway of a platform: the gateways share a port, and a connection stays with one gateway."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from urllib.parse import urlsplit

import psutil

from tests.running.stacks import Stack

_ATTEMPTS = 200


class GatewayConnection:
    """A client with one connection, and thus one gateway."""

    def __init__(self, url: str) -> None:
        self._http = HTTPConnection(urlsplit(url).netloc, timeout=10)
        self._http.connect()
        self.local_port = int(self._http.sock.getsockname()[1])

    def list_orders(self, token: str) -> tuple[int, str]:
        """Returns the status and the problem's code ("" for none)."""
        self._http.request("GET", "/api/orders", headers={"Authorization": f"Bearer {token}"})
        response = self._http.getresponse()
        document = json.loads(response.read())
        return response.status, document.get("code", "")

    def close(self) -> None:
        self._http.close()


@contextmanager
def connections_to_each_gateway(stack: Stack) -> Iterator[list[GatewayConnection]]:
    """Yields a connection to each gateway: the kernel distributes new ones over the processes."""
    pids = {int(process["pid"]) for name, process in stack.services.items() if name.startswith("gateway")}
    found: dict[int, GatewayConnection] = {}
    with ExitStack() as at_end:
        for _ in range(_ATTEMPTS):
            connection = GatewayConnection(stack.url)
            at_end.callback(connection.close)
            connection.list_orders("none")  # a response proves that the connection was accepted
            found.setdefault(gateway_behind(connection.local_port, pids), connection)
            if found.keys() == pids:
                break
        assert found.keys() == pids, "the connections do not reach every gateway"
        yield list(found.values())


def gateway_behind(local_port: int, pids: set[int]) -> int:
    """Returns which of these processes has the connection from this local port."""
    for pid in pids:
        # (host, port), or () for a listening socket
        peers = {tuple(other.raddr)[1:] for other in psutil.Process(pid).net_connections("tcp")}
        if (local_port,) in peers:
            return pid
    raise AssertionError("no gateway has the connection")
