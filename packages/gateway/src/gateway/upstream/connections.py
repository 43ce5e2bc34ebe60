"""The connections to one address: as many as its calls need."""

import asyncio
from collections.abc import Callable
from time import monotonic

from gateway.upstream.address import Address
from gateway.upstream.connection import Connection

#: Beyond what the throttle lets in; it bounds what a peer can bring upon us that allows a few streams only.
_MOST_CONNECTIONS = 16

#: Makes a connection, still to be opened, that tells when it takes no more calls, and when it does not respond.
NewConnection = Callable[[Address, Callable[[Connection], None], Callable[[Connection], None]], Connection]


class CannotConnectError(OSError):
    """No connection could be made."""


class AddressFullError(OSError):
    """Every connection that the address may have is full."""


class Connections:
    """Opens a connection when a call finds no room on those that are open; callers wait for it together.

    timeout_s: how long opening one may take.
    """

    def __init__(self, address: Address, timeout_s: float, new: NewConnection = Connection) -> None:
        self._address = address
        self._timeout_s = timeout_s
        self._new = new
        self._open: list[Connection] = []
        self._retired: set[Connection] = set()
        self._opening: asyncio.Task[OSError | None] | None = None
        self._closed = False

    @property
    def ready(self) -> bool:
        """Whether any is open and responds."""
        return any(connection.is_responsive for connection in self._open)

    def free(self) -> Connection | None:
        """A connection with room for a call, and fit for it; None: there is none."""
        for connection in self._open:
            if len(connection.calls) < connection.most_calls and connection.is_fit:
                return connection
        return None

    async def opened(self, until: float) -> Connection:
        """A connection with room, once there is one.

        until: on the clock of time.monotonic(); TimeoutError: it has passed. CannotConnectError: it failed before.
        AddressFullError: there are too many already.
        """
        while not self._closed:
            connection = self.free()
            if connection is not None:
                return connection
            opening = self._begin_opening()
            await asyncio.wait({opening}, timeout=max(0.0, until - monotonic()))
            if not opening.done():
                raise TimeoutError
            error = None if opening.cancelled() else opening.result()
            if error is not None and self.free() is None:
                raise CannotConnectError(str(error)) from error
        raise CannotConnectError(f"{self._address} is no longer used")

    def renew(self) -> None:
        """Have further calls use new connections; those in progress end on the old ones."""
        for connection in tuple(self._open):
            connection.retire()

    def close(self, *, at_once: bool) -> None:
        """Open nothing any more, and close what is open; at_once: the calls in progress included."""
        self._closed = True
        self.renew()
        if at_once:
            if self._opening is not None:
                self._opening.cancel()
            for connection in tuple(self._retired):
                connection.close()

    def _begin_opening(self) -> asyncio.Task[OSError | None]:
        """The opening of one more connection, which may be in progress. AddressFullError: there are too many."""
        if self._opening is None:
            if sum(connection.is_fit for connection in self._open) >= _MOST_CONNECTIONS:
                raise AddressFullError(f"{self._address} is full")
            self._opening = asyncio.create_task(self._open_one())
        return self._opening

    async def _open_one(self) -> OSError | None:
        connection = self._new(self._address, self._on_retired, self._on_silent)
        try:
            async with asyncio.timeout(self._timeout_s):
                await connection.open()
        except OSError as exc:  # TimeoutError is one
            connection.close()
            return exc if str(exc) else OSError(f"no connection within {self._timeout_s:g} s")
        except asyncio.CancelledError:
            connection.close()
            raise
        else:
            self._open.append(connection)
            if self._closed:
                connection.retire()
            return None
        finally:
            self._opening = None

    def _on_retired(self, connection: Connection) -> None:
        if connection in self._open:
            self._open.remove(connection)
        self._retired = {other for other in self._retired if not other.ended} | {connection}

    def _on_silent(self, connection: Connection) -> None:
        """Give up a connection that does not respond once another one does; open that first if there is none."""
        if self.ready:
            connection.give_up()
        elif not self._closed:
            self._begin_opening()
