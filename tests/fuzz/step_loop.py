"""An event loop that measures its own steps."""

import asyncio
from collections.abc import Callable
from contextvars import Context
from functools import partial
from time import thread_time
from typing import Any, TypeVarTuple, Unpack

Ts = TypeVarTuple("Ts")


class StepLoop(asyncio.SelectorEventLoop):
    """Records the processor time of its longest step, and every error that would only be logged.

    It accepts an in-memory connection (`memory_connection.Peer`) in place of an accepted socket.
    """

    def __init__(self) -> None:
        super().__init__()
        self.longest_step_s = 0.0
        self.errors: list[str] = []
        self.set_exception_handler(self._keep)

    def call_soon(
        self, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        return super().call_soon(partial(self._measure, callback, *args), context=context)

    async def connect_accepted_socket(self, protocol_factory: Callable[[], Any], sock: Any, **_: Any) -> Any:
        """Replaces the method that the gateway calls for each accepted socket."""
        protocol = protocol_factory()
        sock.attach(protocol)
        return sock, protocol

    def _measure(self, callback: Callable[..., Any], *args: Any) -> None:
        begun = thread_time()
        try:
            callback(*args)
        finally:
            self.longest_step_s = max(self.longest_step_s, thread_time() - begun)

    def _keep(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self.errors.append(f"{context['message']}: {context.get('exception')!r}")
