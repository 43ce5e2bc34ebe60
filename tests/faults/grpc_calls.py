"""Direct calls to a service, without the gateway, by a third-party client (grpcio)."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import grpc.aio
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status
from shared_contracts.order.v1 import GetOrderRequest

GET_ORDER = "/order.v1.OrderService/GetOrder"
CREATE_ORDER = "/order.v1.OrderService/CreateOrder"
_DETAILS = "grpc-status-details-bin"
#: The client sends messages of any size, and shares no connection.
_OPTIONS = [("grpc.max_send_message_length", -1), ("grpc.use_local_subchannel_pool", 1)]


@asynccontextmanager
async def channel_to(target: str) -> AsyncIterator[grpc.aio.Channel]:
    async with grpc.aio.insecure_channel(target, options=_OPTIONS) as channel:
        yield channel


async def outcome(call: Any) -> str:
    """Returns the outcome of a call: "OK", or its status and reason."""
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return f"{error.code().name} {_reason(error)}".strip()
    return "OK"


def unary(channel: grpc.aio.Channel, path: str, message: bytes, *, token: str = "", timeout_s: float | None = 5) -> Any:
    """Starts a call; awaiting it returns the bytes of the response."""
    metadata = [("authorization", f"Bearer {token}")] if token else []
    return channel.unary_unary(path)(message, timeout=timeout_s, metadata=metadata)


@asynccontextmanager
async def calling(target: str, token: str, order_id: str, *, count: int) -> AsyncIterator[Counter[str]]:
    """Runs ``count`` clients that read an order in a loop, each on its own connection, and records the outcomes."""
    outcomes: Counter[str] = Counter()
    over = asyncio.Event()

    async def keep_calling() -> None:
        async with channel_to(target) as channel:
            while not over.is_set():
                call = unary(channel, GET_ORDER, bytes(GetOrderRequest(order_id=order_id)), token=token)
                outcomes[await outcome(call)] += 1
                await asyncio.sleep(0.005)

    clients = [asyncio.create_task(keep_calling()) for _ in range(count)]
    try:
        yield outcomes
    finally:
        over.set()
        await asyncio.gather(*clients)


def _reason(error: grpc.aio.AioRpcError) -> str:
    for name, value in error.trailing_metadata() or ():
        if name == _DETAILS:
            for detail in Status.FromString(value).details:
                info = ErrorInfo()
                if detail.Unpack(info):
                    return str(info.reason)
    return ""
