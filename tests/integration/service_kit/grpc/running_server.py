"""A server of one service that answers, fails or waits as a test wants, in the test's event loop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from grpclib.const import Status
from service_kit.grpc.server import GrpcServer
from service_kit.request.context import RequestContext, current_request, enter_request, require_principal
from service_kit.telemetry.trace_context import continue_trace
from shared_contracts.order.v1 import GetOrderRequest, GetOrderResponse, Order, OrderServiceBase

from tests.examples.contracts import headrace_contract
from tests.examples.tokens import Issuer
from tests.running.servers import free_port

ORDER_ID = "0190b3a1-0000-7000-8000-000000000000"
GET_ORDER = "/order.v1.OrderService/GetOrder"
#: The deadline of GetOrder in the contract.
DEADLINE_S = 2.0


class NoSuchThingError(Exception):
    """An error of a domain."""


class StoreAwayError(Exception):
    """The error of a domain when a store does not answer."""


@dataclass
class Orders(OrderServiceBase):
    """Keeps the context of requests. begun, ended: the number of calls that were begun, and answered."""

    error: Exception | None = None
    #: Raised instead of a cancellation.
    error_when_cancelled: Exception | None = None
    entered: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    seen: RequestContext | None = None
    begun: int = 0
    ended: int = 0

    def __post_init__(self) -> None:
        self.go_on.set()

    async def get_order(self, message: GetOrderRequest) -> GetOrderResponse:
        self.begun += 1
        self.seen = current_request()
        self.entered.set()
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.left.set()
            if self.error_when_cancelled is not None:
                raise self.error_when_cancelled from None
            raise
        if self.error is not None:
            raise self.error
        self.ended += 1
        return GetOrderResponse(order=Order(order_id=message.order_id, user_id=require_principal().user_id))


@dataclass
class Running:
    """A server, and what a test needs to call it."""

    orders: Orders
    server: GrpcServer
    issuer: Issuer
    port: int

    @property
    def target(self) -> str:
        return f"127.0.0.1:{self.port}"

    def call_as(self, token: str | None) -> RequestContext:
        """Makes later calls with this token."""
        request = RequestContext("req-1", continue_trace(None), "192.0.2.7", "café/1", access_token=token)
        enter_request(request)
        return request


async def server_of(orders: Orders, issuer: Issuer, port: int, **options: Any) -> GrpcServer:
    """Returns a server that is not entered yet."""
    return GrpcServer(
        [orders],
        contract=headrace_contract(),
        verifier=await issuer.verifier(),
        hosts=("127.0.0.1",),
        port=port,
        error_table={
            NoSuchThingError: (Status.NOT_FOUND, "ORDER_NOT_FOUND"),
            StoreAwayError: (Status.UNAVAILABLE, "DEPENDENCY_UNAVAILABLE"),
        },
        **options,
    )


@asynccontextmanager
async def running_server(**options: Any) -> AsyncIterator[Running]:
    """A running server with ``options`` of GrpcServer."""
    orders, issuer, port = Orders(), Issuer(), free_port()
    server = await server_of(orders, issuer, port, **options)
    async with server:
        yield Running(orders, server, issuer, port)
