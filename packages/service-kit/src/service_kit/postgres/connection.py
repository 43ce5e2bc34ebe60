"""A connection to PostgreSQL in which every wait is bounded."""

import select
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import psycopg
from psycopg import AsyncConnection, AsyncTransaction
from psycopg.abc import PQGen
from psycopg.rows import TupleRow

from service_kit.postgres.timed_cursor import SYSTEM, TimedCursor
from service_kit.request.deadline import within_deadline
from service_kit.stores.operation import StoreOperation

#: The longest wait for the server to confirm the cancellation of a statement (seconds); after it, the connection is
#: closed.
_CANCEL_S = 1.0
#: How much longer (seconds) than statement_timeout an answer is awaited. Only a server or a network that has gone
#: silent takes that long.
_SILENCE_S = 1.0
#: statement_timeout may be this many times the request's remaining time: at the deadline the statement is cancelled
#: anyway, and the timeout is for the case that this fails, or that this process dies.
_SLACK = 3.0
#: A connection that was idle for longer (seconds) is tested before it is used. A round trip costs 0.1 ms; under load no
#: connection is idle for so long.
_IDLE_S = 1.0
#: The longest wait for that test (seconds). A connection that a proxy has dropped silently never answers; the request
#: then has time left for a new connection.
_TEST_TIMEOUT_S = 0.3


class BoundedConnection(AsyncConnection[TupleRow]):
    """Ends statements in the server: at their timeout, and at once when the task that waits for them is cancelled.

    psycopg cancels the running statement when its task is cancelled, and waits until it has ended, so that the
    connection can be reused.
    """

    _configured_ms: int | None = None
    _in_force_ms: int | None = None
    _used_at_s = 0.0
    _wait_s: float | None = None

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.cursor_factory = TimedCursor
        #: Whether the COMMIT of the latest transaction was sent: its outcome is unknown if the connection is lost.
        self.may_have_committed = False
        #: Whether the connection was found dead although the socket showed no sign of it.
        self.died_silently = False
        self.opened_at_s = self._used_at_s = time.monotonic()

    def configure(self, statement_timeout_ms: int) -> None:
        """Records the statement_timeout that the connection was opened with, the longest that any statement gets."""
        self._configured_ms = self._in_force_ms = statement_timeout_ms

    def mark_idle(self) -> None:
        """Records that the connection is idle from now on."""
        self._used_at_s = time.monotonic()

    async def check(self) -> None:
        """Checks that the connection can be used.

        An idle connection is readable only if the server has closed it or is about to: polling the socket, one
        microsecond, shows that (as httpcore does). A connection that was idle for long may be dead without a sign.

        Raises:
            OperationalError: The connection is dead; it has been closed.
        """
        poll = select.poll()
        poll.register(self.fileno(), select.POLLIN)
        if not poll.poll(0) and time.monotonic() - self._used_at_s < _IDLE_S:
            return
        self._wait_s = within_deadline(_TEST_TIMEOUT_S)
        try:
            await self.execute("", prepare=False)
        except BaseException:
            self.died_silently = not self.closed
            self.pgconn.finish()
            raise
        finally:
            self._wait_s = None

    async def forget_plans(self) -> None:
        """Drops all prepared statements, here and in the server: the schema may have changed since."""
        await self.execute("DEALLOCATE ALL", prepare=False)

    async def bound_statements(self, left_s: float | None) -> None:
        """Sets statement_timeout for the statements that follow to about ``left_s`` seconds; None: as configured.

        Usually the current value is close enough, and nothing is sent.
        """
        if self._configured_ms is None:
            return
        needed_ms = self._configured_ms if left_s is None else min(left_s * 1000, self._configured_ms)
        if self._in_force_ms is not None and needed_ms <= self._in_force_ms <= max(needed_ms * _SLACK, 1):
            return
        # Few distinct values: what one request sets suits most of those after it.
        step_ms: float = self._configured_ms
        while step_ms / 2 >= max(needed_ms, 1):
            step_ms /= 2
        self._in_force_ms = None  # until it is known
        await self.execute("SELECT set_config('statement_timeout', %s, false)", (str(round(step_ms)),))
        self._in_force_ms = round(step_ms)

    @asynccontextmanager
    async def transaction(
        self,
        savepoint_name: str | None = None,
        force_rollback: bool = False,
    ) -> AsyncIterator[AsyncTransaction]:
        """As psycopg's; BEGIN and COMMIT are timed."""
        self.may_have_committed = False
        async with AsyncExitStack() as stack:
            with StoreOperation(SYSTEM, "BEGIN"):
                transaction = await stack.enter_async_context(super().transaction(savepoint_name, force_rollback))
            yield transaction
            self.may_have_committed = True
            with StoreOperation(SYSTEM, "COMMIT"):
                await stack.aclose()

    async def wait(self, gen: PQGen[Any], interval: float = 0.1, timeout: float | None = None) -> Any:  # noqa: ASYNC109 - psycopg's signature
        """As psycopg's, but bounded.

        Raises:
            OperationalError: The server has gone silent.
        """
        if timeout is None:
            timeout = self._wait_s
        if timeout is None and self._configured_ms is not None:
            timeout = self._configured_ms / 1000 + _SILENCE_S
        return await super().wait(gen, interval, timeout)

    async def cancel_safe(self, *, timeout: float = 30.0) -> None:  # noqa: ASYNC109 - psycopg's signature
        """As psycopg's, but it closes the connection if the server cannot be reached."""
        try:
            await super().cancel_safe(timeout=min(timeout, _CANCEL_S))
        except psycopg.Error:
            self.pgconn.finish()
            raise
