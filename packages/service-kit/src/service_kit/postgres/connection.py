"""A connection to PostgreSQL on which every wait has an end."""

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

#: How long asking the server to cancel a statement may take (seconds). A server that does not even answer that is
#: left alone with its statement: the connection is closed.
_CANCEL_S = 1.0
#: How much longer (seconds) than a statement may take in the server its answer is waited for. Only a server or a
#: network that has gone silent takes that long.
_SILENCE_S = 1.0
#: A statement's time-out may be this many times what the request has left: at its deadline the statement is cancelled
#: anyway, and the time-out is for when that fails, or this process dies.
_SLACK = 3.0
#: A connection that was not used for longer (seconds) is asked for a sign of life before it is used. A round trip costs
#: a tenth of a millisecond; under load no connection lies idle for so long.
_IDLE_S = 1.0
#: How long that sign may take (seconds). What lies behind a proxy that has dropped the connection without saying so
#: never answers; the request then has time left for a new connection.
_SIGN_OF_LIFE_S = 0.3


class BoundedConnection(AsyncConnection[TupleRow]):
    """Ends statements in the server: at the latest when their time is up, and at once when nobody waits any more.

    psycopg cancels the running statement when the task that waits for it is cancelled, and waits until it has ended,
    so that the connection can be used again.
    """

    _configured_ms: int | None = None
    _in_force_ms: int | None = None
    _used_at_s = 0.0
    _wait_s: float | None = None

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.cursor_factory = TimedCursor
        #: Whether the COMMIT of the latest transaction was sent, so that its outcome is open if the connection is lost.
        self.may_have_committed = False
        #: Whether the connection was found dead without having said so.
        self.died_silently = False
        self.opened_at_s = self._used_at_s = time.monotonic()

    def configure(self, statement_timeout_ms: int) -> None:
        """Take note of the time-out that the connection was opened with: the longest that any statement gets."""
        self._configured_ms = self._in_force_ms = statement_timeout_ms

    def unused_from_now(self) -> None:
        """Take note that the connection lies idle from now on."""
        self._used_at_s = time.monotonic()

    async def check(self) -> None:
        """Return if the connection can be used. OperationalError: it is dead, and is closed now.

        Nothing is to be read from an idle connection unless the server has closed it or says why it will: a look at the
        socket, a microsecond, finds that out (as httpcore does). A connection that lay idle for long may be dead
        without showing it.
        """
        poll = select.poll()
        poll.register(self.fileno(), select.POLLIN)
        if not poll.poll(0) and time.monotonic() - self._used_at_s < _IDLE_S:
            return
        self._wait_s = within_deadline(_SIGN_OF_LIFE_S)
        try:
            await self.execute("", prepare=False)
        except BaseException:
            self.died_silently = not self.closed
            self.pgconn.finish()
            raise
        finally:
            self._wait_s = None

    async def forget_plans(self) -> None:
        """Drop all prepared statements, here and in the server: the schema may have changed since."""
        await self.execute("DEALLOCATE ALL", prepare=False)

    async def bound_statements(self, left_s: float | None) -> None:
        """Have the server end the statements that follow about when ``left_s`` seconds are over; None: as configured.

        In the usual case what is in force will do, and nothing is sent.
        """
        if self._configured_ms is None:
            return
        needed_ms = self._configured_ms if left_s is None else min(left_s * 1000, self._configured_ms)
        if self._in_force_ms is not None and needed_ms <= self._in_force_ms <= max(needed_ms * _SLACK, 1):
            return
        # Few different ones: what one request sets will do for most of those that come after it.
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
        """As psycopg's; its beginning and its end are timed, the end only where the work inside went well."""
        self.may_have_committed = False
        async with AsyncExitStack() as stack:
            with StoreOperation(SYSTEM, "BEGIN"):
                transaction = await stack.enter_async_context(super().transaction(savepoint_name, force_rollback))
            yield transaction
            self.may_have_committed = True
            with StoreOperation(SYSTEM, "COMMIT"):
                await stack.aclose()

    async def wait(self, gen: PQGen[Any], interval: float = 0.1, timeout: float | None = None) -> Any:  # noqa: ASYNC109 - psycopg's signature
        """As psycopg's, but never for ever. OperationalError: the server has gone silent."""
        if timeout is None:
            timeout = self._wait_s
        if timeout is None and self._configured_ms is not None:
            timeout = self._configured_ms / 1000 + _SILENCE_S
        return await super().wait(gen, interval, timeout)

    async def cancel_safe(self, *, timeout: float = 30.0) -> None:  # noqa: ASYNC109 - psycopg's signature
        """As psycopg's, but a server that cannot be asked loses the connection."""
        try:
            await super().cancel_safe(timeout=min(timeout, _CANCEL_S))
        except psycopg.Error:
            self.pgconn.finish()
            raise
