"""Our side of an HTTP/2 connection to a service: what grpclib leaves open about how one ends.

grpclib takes a GOAWAY for the end of all calls in progress. But a peer that sends one only takes no further calls:
those up to the last stream that it names come to their end, and those after it were not looked at (RFC 9113, 6.8).
"""

import asyncio
import select
import time
from typing import Protocol

from grpclib.client import Handler
from grpclib.config import Configuration
from grpclib.protocol import AbstractHandler, Connection, EventsProcessor, Stream
from h2.config import H2Configuration
from h2.errors import ErrorCodes
from h2.events import RemoteSettingsChanged, StreamReset
from h2.settings import SettingCodes
from service_kit.grpc.corked_protocol import CorkedProtocol, CorkedTransport
from service_kit.grpc.grpclib_adapter import h2_connection_of, unanswered_ping_s
from service_kit.http2 import intercept_goaway

from gateway.upstream.failure import PeerRefusedError
from gateway.upstream.header_encoder import HeaderEncoder


class Owner(Protocol):
    """Makes calls over the connection, and is notified of its changes."""

    def settled(self, most_streams: int | None) -> None:
        """The peer has sent its settings; most_streams: how many it takes at once, None: nothing new."""

    def going_away(self, last_stream_id: int) -> None:
        """The peer takes no more streams, and has not looked at any after ``last_stream_id``."""

    def lost(self, reason: str) -> None:
        """The connection has ended."""


class ClientProtocol(CorkedProtocol):
    """A connection that tells its ``owner`` how it fares. Headers are compressed by what we know of them.

    heard_at: when the peer last sent anything, on the clock of time.monotonic().
    """

    def __init__(self, config: Configuration, h2_config: H2Configuration, owner: Owner) -> None:
        super().__init__(Handler(), config, h2_config)
        self._owner = owner
        self._hang_up = select.poll()
        self.heard_at = time.monotonic()

    @property
    def is_hung_up(self) -> bool:
        """Whether the peer has closed or reset the connection, even if the event loop has not come to that yet."""
        return bool(self._hang_up.poll(0))

    @property
    def unanswered_s(self) -> float:
        """How long ago the first ping was sent that the peer has not answered, in seconds; 0: it has answered all."""
        return unanswered_ping_s(self.connection)

    def data_received(self, data: bytes) -> None:
        self.heard_at = time.monotonic()
        super().data_received(data)

    def corked(self, transport: asyncio.Transport) -> CorkedTransport:
        return _PromptTransport(transport)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._hang_up.register(transport.get_extra_info("socket").fileno(), select.POLLRDHUP)
        h2 = h2_connection_of(self.connection)
        h2.encoder = HeaderEncoder()
        intercept_goaway(h2, self._owner.going_away)
        self.processor = _Processor(self.handler, self.connection, self._owner)


class _PromptTransport(CorkedTransport):
    """Closes at once: a peer that takes nothing more must not keep us waiting for what it has not taken."""

    def close(self) -> None:
        super().close()
        if self._transport.get_write_buffer_size():
            self._transport.abort()


class _Processor(EventsProcessor):
    def __init__(self, handler: AbstractHandler, connection: Connection, owner: Owner) -> None:
        super().__init__(handler, connection)
        self._owner = owner

    def process_remote_settings_changed(self, event: RemoteSettingsChanged) -> None:
        super().process_remote_settings_changed(event)
        changed = event.changed_settings.get(SettingCodes.MAX_CONCURRENT_STREAMS)
        self._owner.settled(None if changed is None else changed.new_value)

    def process_stream_reset(self, event: StreamReset) -> None:
        stream = self.streams.get(event.stream_id)
        if stream is not None and event.remote_reset and event.error_code == ErrorCodes.REFUSED_STREAM:
            _cancel(stream, PeerRefusedError("the stream was refused"))
        super().process_stream_reset(event)

    def close(self, reason: str = "Connection closed") -> None:
        for stream in self.streams.values():
            stream.wrapper = None  # the owner tells them, and more than a text
        super().close(reason)
        self._owner.lost(reason)


def _cancel(stream: Stream, error: Exception) -> None:
    wrapper, stream.wrapper = stream.wrapper, None
    if wrapper is not None:
        wrapper.cancel(error)
