"""Receives a request's body, before anything scarce is held for the request."""

from functools import partial

from service_kit.request.clients import Client, client_of
from starlette.types import Receive

from gateway.exchange import Exchange
from gateway.limits.byte_budget import ByteBudget, Exhausted
from gateway.problems import Decision, Problem

# Bodies that fill the memory have arrived, or were given up, within seconds.
_RETRY_AFTER_S = 1


class BodyStep:
    """Reads the whole body into the exchange. `BodyLimitStep` bounds its size, and the time that it takes.

    Args:
        memory: what the bodies of all requests may take together until these are answered, and those of one client;
            beyond it, 503. Received bytes are charged, not the declared length.
    """

    def __init__(self, memory: ByteBudget) -> None:
        self._memory = memory

    async def __call__(self, exchange: Exchange) -> None:
        if not exchange.expects_body:
            return
        client = client_of(exchange.request)
        # Grows in place: pieces that are joined in the end would take twice the memory for a moment.
        body = bytearray()
        exchange.on_end(partial(self._release, body, client))
        await self._read(exchange.receive, body, client)
        exchange.body = body

    def _release(self, body: bytearray, client: Client) -> None:
        self._memory.release(len(body), client)

    async def _read(self, receive: Receive, body: bytearray, client: Client) -> None:
        while True:
            event = await receive()
            if event["type"] == "http.disconnect":
                raise Problem(499, "CANCELLED", "The client closed the connection before the request was complete.")
            chunk = event.get("body", b"")
            if chunk:
                exhausted = self._memory.take(len(chunk), client)
                if exhausted is not None:
                    raise _out_of_memory(exhausted)
                body += chunk
            if not event.get("more_body", False):
                return


def _out_of_memory(exhausted: Exhausted) -> Problem:
    limit, state = exhausted.limit_bytes, exhausted.state
    decision = Decision("body_memory", state, limit=limit, retry_after_s=_RETRY_AFTER_S)
    return Problem(503, "OVERLOADED", "Too many requests bring large bodies.", decision=decision)
