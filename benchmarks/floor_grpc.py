"""The floor of gRPC: plain grpclib calls of GetOrder.

python -m benchmarks.floor_grpc serve PORT: answers every call with the message on standard input.
python -m benchmarks.floor_grpc call PORT SECONDS: calls with as many in flight as the load has connections, and prints
the processor time of one call on the client's side in seconds.
"""

import asyncio
import sys
import time
from typing import Any

import shared_contracts
import uvloop
from grpclib.client import Channel
from grpclib.const import Cardinality, Handler
from grpclib.server import Server, Stream
from service_kit.contract import Contract

from benchmarks.cores import give_own_core
from benchmarks.load_shape import CONNECTIONS, ORDER_ID

METHOD = Contract.load(shared_contracts.descriptor_set()).methods["/order.v1.OrderService/GetOrder"]


class _Orders:
    def __init__(self, answer: Any) -> None:
        self._answer = answer

    async def _get_order(self, stream: Stream[Any, Any]) -> None:
        await stream.recv_message()
        await stream.send_message(self._answer)

    def __mapping__(self) -> dict[str, Handler]:
        types = (METHOD.request_class, METHOD.response_class)
        return {METHOD.path: Handler(self._get_order, Cardinality.UNARY_UNARY, *types)}


async def _serve(port: int, answer: bytes) -> None:
    server = Server([_Orders(METHOD.response_class.FromString(answer))])
    await server.start("127.0.0.1", port)
    await server.wait_closed()


async def _call(port: int, seconds: float) -> None:
    give_own_core(0)
    channel = Channel("127.0.0.1", port)
    request = METHOD.request_class(order_id=ORDER_ID)
    calls = 0

    async def keep_calling(until: float) -> None:
        nonlocal calls
        while time.monotonic() < until:
            async with channel.request(
                METHOD.path, Cardinality.UNARY_UNARY, METHOD.request_class, METHOD.response_class
            ) as stream:
                await stream.send_message(request, end=True)
                await stream.recv_message()
            calls += 1

    async def load(length_s: float) -> None:
        until = time.monotonic() + length_s
        await asyncio.gather(*(keep_calling(until) for _ in range(CONNECTIONS)))

    await load(0.5)  # connects, and warms up
    calls = 0
    before = time.process_time()
    await load(seconds)
    sys.stdout.write(f"{(time.process_time() - before) / calls}\n")
    channel.close()


def main() -> None:
    action, port = sys.argv[1], int(sys.argv[2])
    if action == "serve":
        uvloop.run(_serve(port, sys.stdin.buffer.read()))
    else:
        uvloop.run(_call(port, float(sys.argv[3])))


if __name__ == "__main__":
    main()
