"""Runs the admission steps of a request, and then its handler."""

from collections.abc import Awaitable, Callable, Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.exchange import Exchange, exchange_of
from gateway.problems import Problem

#: Inspects a request before it is handled. Raises Problem to refuse it, or sets `Exchange.handler` to answer it.
Step = Callable[[Exchange], Awaitable[None]]


class AdmissionPipeline:
    """Passes each request through the steps in order, and on to the endpoint unless a step has set another handler.

    What the steps hold is released when the request ends: answered, refused by a later step, or cancelled.

    Args:
        steps: run in this order; none runs after one that has set `Exchange.handler`.
        endpoint: the application that handles admitted requests.
    """

    def __init__(self, steps: Sequence[Step], endpoint: ASGIApp) -> None:
        self._steps = tuple(steps)
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = exchange_of(scope)
        exchange.receive = receive
        try:
            await self._handle(exchange, scope, send)
        except Problem as problem:
            # No variable may hold what is raised: its traceback refers to this frame, and such a cycle keeps the memory
            # of the request until the garbage collector runs.
            if exchange.on_problem is None:
                raise
            raise exchange.on_problem(problem) from None
        finally:
            exchange.release()

    async def _handle(self, exchange: Exchange, scope: Scope, send: Send) -> None:
        for step in self._steps:
            await step(exchange)
            if exchange.handler is not None:
                break
        handler = exchange.handler or self._endpoint
        if exchange.on_response_start is not None:
            send = _notifying(send, exchange.on_response_start)
        await handler(scope, exchange.receive, send)


def _notifying(send: Send, on_response_start: Callable[[], None]) -> Send:
    async def notify_and_send(message: Message) -> None:
        if message["type"] == "http.response.start":
            on_response_start()
        await send(message)

    return notify_and_send
