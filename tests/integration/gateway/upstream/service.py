"""A service to call: real grpclib servers on addresses of their own, which behave as they are told."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from gateway.upstream.address import Address
from grpclib.const import Cardinality, Handler
from grpclib.health.check import ServiceStatus
from grpclib.health.service import OVERALL, Health
from grpclib.protocol import H2Protocol
from grpclib.server import Server, Stream
from hyperframe.frame import GoAwayFrame
from service_kit.contract import Method

from tests.examples.contracts import headrace_contract

#: May be sent again, and may not, by the word of the contract.
SHOW = headrace_contract().methods["/order.v1.OrderService/GetOrder"]
CHANGE = headrace_contract().methods["/order.v1.OrderService/UpdateOrderStatus"]
CREATE = headrace_contract().methods["/order.v1.OrderService/CreateOrder"]
LIST = headrace_contract().methods["/order.v1.OrderService/ListOrders"]

#: What a handler does with a call before it is answered; it may raise.
Behaviour = Callable[[Stream[Any, Any]], Awaitable[None]]


async def at_once(_stream: Stream[Any, Any]) -> None:
    """Nothing."""


class Replica(Server):
    """One process of the service, so to say. calls: those that reached a handler. behave: what it does with them."""

    def __init__(self, *, with_health: bool = True) -> None:
        self.calls = 0
        self.with_health = with_health
        self.behave: Behaviour = at_once
        self.health = ServiceStatus()
        self.health.set(True)
        self.protocols: list[H2Protocol] = []
        self.address = Address("127.0.0.1", 0)
        self._listening: socket.socket | None = None
        super().__init__([_Orders(self), *([Health({OVERALL: [self.health]})] if with_health else [])])

    async def listen(self, port: int = 0) -> None:
        """Begin to serve, on a port that is free, or on this one."""
        # Told that it is TCP, or asyncio leaves Nagle's algorithm on for its connections.
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
        self.address = Address(*listening.getsockname())
        self._listening = listening
        await self.start(sock=listening)

    @property
    def connections(self) -> list[H2Protocol]:
        """Those that are open."""
        made = (protocol for protocol in self.protocols if hasattr(protocol, "connection"))
        return [protocol for protocol in made if not protocol.connection.is_closing()]

    def go_away(self, last_stream_id: int) -> None:
        """Say GOAWAY on every connection."""
        frame = GoAwayFrame(0, last_stream_id=last_stream_id)
        for protocol in self.connections:
            protocol.connection._transport.write(frame.serialize())

    def hang(self) -> None:
        """Read nothing and accept nothing any more, as a process that has been stopped; the system still does."""
        self.stop_reading()
        if self._listening is not None:
            asyncio.get_running_loop().remove_reader(self._listening)

    def stop_reading(self) -> None:
        """Read nothing more on the connections that are open now."""
        for protocol in self.connections:
            protocol.connection._transport.pause_reading()

    def cut(self) -> None:
        """Break every connection, as the end of the process does."""
        for protocol in self.connections:
            protocol.connection._transport.abort()

    async def die(self) -> None:
        """Break everything off, and listen no more."""
        self.close()
        for _ in range(3):  # what has just been accepted becomes a connection first, which can be closed
            await asyncio.sleep(0)
        self.cut()
        await self.wait_closed()

    def _protocol_factory(self) -> H2Protocol:
        protocol = super()._protocol_factory()
        self.protocols.append(protocol)
        return protocol


class _Orders:
    def __init__(self, replica: Replica) -> None:
        self._replica = replica

    def __mapping__(self) -> dict[str, Handler]:
        return {
            method.path: Handler(
                self._handler(method), Cardinality.UNARY_UNARY, method.request_class, method.response_class
            )
            for method in (SHOW, CHANGE, CREATE, LIST)
        }

    def _handler(self, method: Method) -> Behaviour:
        async def handle(stream: Stream[Any, Any]) -> None:
            await stream.recv_message()
            self._replica.calls += 1
            await self._replica.behave(stream)
            await stream.send_message(method.response_class())

        return handle


@contextlib.asynccontextmanager
async def replicas(count: int, *, with_health: bool = True) -> AsyncIterator[list[Replica]]:
    """Replicas that serve, each at an address of its own."""
    running = [Replica(with_health=with_health) for _ in range(count)]
    for replica in running:
        await replica.listen()
    try:
        yield running
    finally:
        for replica in running:
            await replica.die()


async def soon(condition: Callable[[], object], within_s: float = 10.0) -> None:
    """Wait until it holds. TimeoutError: it never did."""
    async with asyncio.timeout(within_s):
        while True:
            if condition():
                return
            await asyncio.sleep(0.005)
