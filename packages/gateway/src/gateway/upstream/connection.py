"""One connection to one address, and the calls in progress on it."""

import asyncio
import math
import time
from collections.abc import Callable, Iterable
from typing import Any, cast

from grpclib.client import Channel, Stream
from grpclib.protocol import H2Protocol
from service_kit.grpc.grpclib_adapter import end_call, is_server_streaming, keepalive, stream_id_of, was_sent

from gateway.upstream.address import Address
from gateway.upstream.failure import ConnectionLostError, PeerRefusedError
from gateway.upstream.protocol import ClientProtocol

#: A call that finds no place in grpclib's connection waits in silence. So calls are counted, and a connection is given
#: no more than this, or what the peer allows, if that is less; it is also what most peers announce.
MOST_CALLS = 100
#: HTTP/2 numbers streams up to 2^31, odd ones only, and never starts again (RFC 9113, 5.1.1).
_LAST_STREAM_ID = 2**31 - 1 - 2 * MOST_CALLS
#: A peer that does not answer a ping within 5 s is gone, even if TCP lives. Pings are frequent: they also show, when a
#: call is late, whether the peer hangs or only this call is slow, and whether a connection is fit for the next call.
#: The minimum is less than the interval: a timer that fires a little early must not skip a ping.
_KEEPALIVE = keepalive(0.5, 5, min_interval_s=0.25, without_calls=True, max_without_data=0)
#: A connection on which nothing has arrived for so long, in seconds, and no answer to a ping, gets no further call
#: until something does. Two pings fit into this. The second bound is for when this process was held up.
_QUIET_S, _UNANSWERED_S = 1.0, 0.25
#: How often to look for that, in seconds. With the bound above, a call with 2 s has time left to be sent again.
_LOOK_S = 0.25


class Connection(Channel):
    """A connection that opens once and ends once.

    calls: those in progress, streams for watching included. most_calls: how many there may be at once.
    repeatable: those of the calls that may be repeated, by the word of the contract.
    retirement: set once it takes no more calls; it closes with its last one. on_retired: hears of that, once.
    on_silent: hears, again and again, that the connection does not respond.
    """

    def __init__(
        self,
        address: Address,
        on_retired: Callable[["Connection"], None],
        on_silent: Callable[["Connection"], None] = lambda _: None,
    ) -> None:
        super().__init__(address.host, address.port, config=_KEEPALIVE)
        self.calls: set[Stream[Any, Any]] = set()
        self.repeatable: set[Stream[Any, Any]] = set()
        self.most_calls = MOST_CALLS
        self.retirement = asyncio.Event()
        self._on_retired = on_retired
        self._on_silent = on_silent
        self._settled = asyncio.Event()

    @property
    def retired(self) -> bool:
        """Whether it takes no more calls."""
        return self.retirement.is_set()

    @property
    def ended(self) -> bool:
        """Whether it is closed, or was never open."""
        return self._protocol is None

    @property
    def silent_s(self) -> float:
        """How long ago the peer last sent anything, in seconds; infinite once the connection has ended."""
        protocol = cast("ClientProtocol | None", self._protocol)
        return math.inf if protocol is None else time.monotonic() - protocol.heard_at

    @property
    def is_responsive(self) -> bool:
        """Whether the peer answers pings in time."""
        protocol = cast("ClientProtocol | None", self._protocol)
        if protocol is None:
            return False
        return time.monotonic() - protocol.heard_at < _QUIET_S or protocol.unanswered_s < _UNANSWERED_S

    @property
    def is_fit(self) -> bool:
        """Whether a further call may be sent: the peer responds, and has not closed the connection."""
        protocol = cast("ClientProtocol | None", self._protocol)
        return self.is_responsive and protocol is not None and not protocol.is_hung_up

    async def open(self) -> None:
        """Connect, and wait until the peer has spoken: a process that hangs takes connections too. OSError: in vain."""
        self._protocol = await self._create_connection()
        await self._settled.wait()
        if self.retired:
            raise ConnectionResetError("the connection was closed as soon as it was made")
        self._look_later()

    def release(self, call: Stream[Any, Any]) -> None:
        """A call has ended."""
        self.calls.discard(call)
        self.repeatable.discard(call)
        if self.retired:
            self._close_when_idle()
        elif was_sent(call) and stream_id_of(call) > _LAST_STREAM_ID:
            self.retire()

    def retire(self) -> None:
        """Takes no more calls, and closes once those in progress have ended. Watches are ended."""
        if not self.retired:
            self.retirement.set()
            self._on_retired(self)
            for call in self.calls:
                if is_server_streaming(call):
                    end_call(call, PeerRefusedError("the connection is being replaced"))
        # Not at once: the connection may be in the middle of processing received data.
        asyncio.get_running_loop().call_soon(self._close_when_idle)

    def give_up(self) -> None:
        """Retire, as the peer responds on other connections only; calls that may be repeated need not wait for it."""
        self.retire()
        self._end_all(self.repeatable, "the peer does not respond on this connection")

    # What the protocol tells.

    def settled(self, most_streams: int | None) -> None:
        if most_streams is not None:
            self.most_calls = min(MOST_CALLS, most_streams)
        self._settled.set()

    def going_away(self, last_stream_id: int) -> None:
        for call in self.calls:
            if not was_sent(call) or stream_id_of(call) > last_stream_id:
                end_call(call, PeerRefusedError("the peer is going away"))
        self.retire()

    def lost(self, reason: str) -> None:
        self._protocol = None
        self._settled.set()
        if not self.retired:
            self.retirement.set()
            self._on_retired(self)
        self._end_all(self.calls, reason)

    # What grpclib asks.

    def _protocol_factory(self) -> H2Protocol:
        return ClientProtocol(self._config, self._h2_config, self)

    async def __connect__(self) -> H2Protocol:
        if self._protocol is None:
            raise PeerRefusedError("the connection has ended")
        return self._protocol

    def _end_all(self, calls: Iterable[Stream[Any, Any]], reason: str) -> None:
        """End calls for the loss of the connection, which is one event, however many calls it costs."""
        is_first = True
        for call in calls:
            if was_sent(call):
                end_call(call, ConnectionLostError(reason, is_first=is_first))
                is_first = False
            else:
                end_call(call, PeerRefusedError(reason))

    def _look_later(self) -> None:
        asyncio.get_running_loop().call_later(_LOOK_S, self._look)

    def _look(self) -> None:
        if self.retired:
            return
        if not self.is_responsive:
            self._on_silent(self)
        self._look_later()

    def _close_when_idle(self) -> None:
        if not self.calls and self._protocol is not None:
            self._protocol.processor.close()
