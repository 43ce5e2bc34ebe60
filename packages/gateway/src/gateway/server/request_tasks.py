"""The tasks of one connection: its requests, and what its protocol does beside them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from loguru import logger
from starlette.types import ASGIApp, Scope

from gateway.server.inbox import Inbox

Send = Callable[[Any], Awaitable[None]]


class RequestTasks:
    """Runs applications for Hypercorn's protocols, which know it as their task group.

    running: the requests in progress, those that the client has called off included.
    on_failure: called when a task ends by an error; the connection is in no state to go on.
    """

    def __init__(self, on_failure: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_failure = on_failure
        self._tasks: set[asyncio.Task[None]] = set()
        self.running = 0

    async def spawn_app(self, app: ASGIApp, _config: Any, scope: Scope, send: Send) -> Send:
        """Start a request; returns where its events go."""
        inbox = Inbox()
        self.start(app, scope, inbox, send)
        return inbox.put

    def start(
        self, app: ASGIApp, scope: Scope, inbox: Inbox, send: Send, room: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        """Start a request, whose events are in ``inbox``; ``room`` returns when the application may begin."""
        self.running += 1
        self.spawn(self._answer, app, scope, inbox, send, room)

    def spawn(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Start a task that ends with the connection."""
        task = self._loop.create_task(function(*arguments))
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def cancel(self) -> None:
        """Call everything off."""
        for task in self._tasks:
            task.cancel()

    async def finished(self) -> None:
        """Wait until nothing runs any more."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _answer(
        self, app: ASGIApp, scope: Scope, inbox: Inbox, send: Send, room: Callable[[], Awaitable[None]] | None
    ) -> None:
        try:
            if room is not None:
                await room()
            if room is None or not inbox.has_left:
                await app(scope, inbox.get, send)
        except Exception:  # whatever an application raises, the others on this connection go on
            logger.exception("the application failed after its response had begun")
        finally:
            self.running -= 1
            inbox.close()
        await send(None)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.opt(exception=error).error("a connection failed")
            self._on_failure()
