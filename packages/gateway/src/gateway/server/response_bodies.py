"""The bodies of the responses of one HTTP/2 connection, while they are sent."""

import asyncio
from collections import deque
from collections.abc import Callable
from time import monotonic

from h2.connection import H2Connection
from h2.exceptions import ProtocolError

from gateway.server.connection import ClientConnection
from gateway.server.unsent_budget import PIECE_OVERHEAD_BYTES, UnsentAccount

#: An application that has sent more than this of one response waits for its client before it sends more.
_MAX_QUEUED_BYTES = 64 * 1024
#: So much of a response is copied at a time, even if the client accepts larger frames.
_MAX_FRAME_BYTES = 16 * 1024
#: So many frames are written at once, and so many before other tasks get their turn.
_FRAMES_A_WRITE = 2
_FRAMES_A_TURN = 16
#: The memory of a response that waits: h2's stream, and the objects here. Three times what was measured, for the
#: allocator returns little of it.
_RESPONSE_BYTES = 12 * 1024
#: The memory of an application's task that waits to send more.
_APPLICATION_BYTES = 32 * 1024


class ResponseBody:
    """The unsent part of one response's body.

    Attributes:
        complete: Whether nothing will be added.
        closed: Whether it was discarded.
        blocked: Whether it waits for the window of its own stream.
        room: Is done when an application that waits may add more.
        waiting_since: When the last part was sent, or the first added, on the clock of time.monotonic().
    """

    __slots__ = (
        "_offset",
        "_pieces",
        "_queued_bytes",
        "blocked",
        "closed",
        "complete",
        "room",
        "waiting_since",
    )

    def __init__(self) -> None:
        #: Each with what the account charges for it. One deque: an empty one takes 760 bytes.
        self._pieces: deque[tuple[bytes, int]] = deque()
        self._offset = 0
        self._queued_bytes = 0
        self.complete = self.closed = self.blocked = False
        self.room: asyncio.Future[None] | None = None
        self.waiting_since = monotonic()

    @property
    def is_empty(self) -> bool:
        """Whether everything that was added has been sent."""
        return not self._pieces

    @property
    def is_full(self) -> bool:
        """Whether an application has to wait before it adds more."""
        return self._queued_bytes > _MAX_QUEUED_BYTES

    def append(self, piece: bytes, account: UnsentAccount) -> None:
        """Adds a piece, and counts it in ``account``."""
        charge = account.hold(piece)
        if self.closed:  # the piece has exceeded a budget, which has aborted this connection
            account.release(piece, charge)
            return
        if not self._pieces:
            self.waiting_since = monotonic()
        self._pieces.append((piece, charge))
        self._queued_bytes += len(piece) + PIECE_OVERHEAD_BYTES

    def take(self, size: int, account: UnsentAccount) -> memoryview:
        """Returns up to ``size`` bytes, without copying them."""
        piece, _ = self._pieces[0]
        part = memoryview(piece)[self._offset : self._offset + size]
        self._offset += len(part)
        if self._offset == len(piece):
            self._drop_first(account)
        self.waiting_since = monotonic()
        if not self.is_full:
            self._wake_application()
        return part

    def close(self, account: UnsentAccount) -> None:
        """Discards the unsent part."""
        self.closed = True
        while self._pieces:
            self._drop_first(account)
        self._wake_application()

    def _drop_first(self, account: UnsentAccount) -> None:
        piece, charge = self._pieces.popleft()
        account.release(piece, charge)
        self._queued_bytes -= len(piece) + PIECE_OVERHEAD_BYTES
        self._offset = 0

    def _wake_application(self) -> None:
        if self.room is not None and not self.room.done():
            self.room.set_result(None)


class ResponseBodies:
    """Sends the bodies in turns, as fast as flow control allows and the client reads.

    Args:
        client: The connection.
        h2: Its state.
        on_sent: Called with a stream once its whole response has been sent.

    Attributes:
        sent_bytes: How much was sent of all bodies.
    """

    def __init__(self, client: ClientConnection, h2: H2Connection, on_sent: Callable[[int], None]) -> None:
        self._client = client
        self._h2 = h2
        self._on_sent = on_sent
        self._loop = asyncio.get_running_loop()
        self._all: dict[int, ResponseBody] = {}
        # Those that wait for nothing but their turn, the connection's window, or room in the transport.
        self._ready: dict[int, ResponseBody] = {}
        self._scheduled = False
        self._progressed_at = monotonic()
        self.sent_bytes = 0

    def open(self, stream_id: int) -> None:
        """Begins a response."""
        self._all[stream_id] = ResponseBody()
        self._client.account.reserve(_RESPONSE_BYTES)

    async def write(self, stream_id: int, piece: bytes) -> None:
        """Sends ``piece`` after everything that was written before; waits first while too much of that is unsent.

        It does not wait afterwards: an application that has written the last piece has nothing to wait for.
        """
        body = self._all.get(stream_id)
        if body is not None and body.is_full:
            await self._wait_for_room(body, _APPLICATION_BYTES + len(piece))
        self.append(stream_id, piece)

    def append(self, stream_id: int, piece: bytes) -> None:
        """Sends ``piece``, without waiting."""
        body = self._all.get(stream_id)
        if body is not None and piece:
            body.append(piece, self._client.account)
            if not body.closed:
                self._make_ready(stream_id, body)

    def finish(self, stream_id: int) -> None:
        """Notes that the response is complete."""
        body = self._all.get(stream_id)
        if body is not None:
            body.complete = True
            self._make_ready(stream_id, body)

    def drop(self, stream_id: int) -> None:
        """Discards the unsent part of a response."""
        body = self._all.pop(stream_id, None)
        if body is not None:
            self._ready.pop(stream_id, None)
            body.close(self._client.account)
            self._client.account.reserve(-_RESPONSE_BYTES)

    def drop_all(self) -> None:
        """Discards the unsent parts of all responses."""
        for stream_id in tuple(self._all):
            self.drop(stream_id)

    def window_updated(self, stream_id: int | None) -> None:
        """Notes that a stream's window has room, the connection's (0), or possibly every stream's (None)."""
        streams = tuple(self._all) if stream_id is None else (stream_id,)
        for each in streams:
            body = self._all.get(each)
            if body is not None and not body.is_empty:
                self._make_ready(each, body)
        self.schedule()

    def is_stalled(self, now: float, timeout_s: float) -> bool:
        """Returns whether a response has waited longer than ``timeout_s`` for a client that reads none of it."""
        for body in self._all.values():
            since = body.waiting_since if body.blocked else max(body.waiting_since, self._progressed_at)
            if not body.is_empty and now - since > timeout_s:
                return True
        return False

    def schedule(self) -> None:
        """Sends what can be sent at the end of this turn of the event loop, together with what is added until then."""
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._send)

    async def _wait_for_room(self, body: ResponseBody, waiting_bytes: int) -> None:
        self._client.account.reserve(waiting_bytes)
        try:
            while body.is_full:  # a closed body is not
                body.room = self._loop.create_future()
                await body.room
        finally:
            self._client.account.reserve(-waiting_bytes)

    def _make_ready(self, stream_id: int, body: ResponseBody) -> None:
        body.blocked = False
        self._ready[stream_id] = body
        self.schedule()

    def _send(self) -> None:
        self._scheduled = False
        for frames in range(1, _FRAMES_A_TURN + 1):
            if not self._client.is_writable or not self._send_one():
                break
            if frames % _FRAMES_A_WRITE == 0:
                self._client.flush(self._h2)
        else:
            self.schedule()
        self._client.flush(self._h2)

    def _send_one(self) -> bool:
        """Sends one frame; returns whether there may be more."""
        is_open = self._h2.outbound_flow_control_window > 0
        stream_id = next((each for each, body in self._ready.items() if is_open or body.is_empty), None)
        if stream_id is None:
            return False
        body = self._ready.pop(stream_id)
        try:
            is_last = self._send_frame(stream_id, body)
        except ProtocolError:  # the stream was closed in the meantime
            self.drop(stream_id)
            self._on_sent(stream_id)
            return True
        if is_last:
            self.drop(stream_id)
            self._on_sent(stream_id)
        elif not body.blocked and not body.is_empty:
            self._ready[stream_id] = body  # behind all others
        return True

    def _send_frame(self, stream_id: int, body: ResponseBody) -> bool:
        """Sends one frame, if the stream's window is open; returns whether it was the last."""
        if body.is_empty:
            if body.complete:
                self._h2.end_stream(stream_id)
            return body.complete
        room = min(self._h2.local_flow_control_window(stream_id), self._h2.max_outbound_frame_size, _MAX_FRAME_BYTES)
        if room <= 0:
            body.blocked = True
            return False
        part = body.take(room, self._client.account)
        is_last = body.complete and body.is_empty
        self._h2.send_data(stream_id, part, end_stream=is_last)
        self.sent_bytes += len(part)
        self._progressed_at = monotonic()
        self._client.account.note_progress()
        return is_last
