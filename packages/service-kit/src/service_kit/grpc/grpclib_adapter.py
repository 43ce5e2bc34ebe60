"""The adapter to grpclib: the only place that reads private members of its objects.

Subclasses of grpclib's classes use further ones (see tests/unit/service_kit/test_library_members.py, which names all).
"""

import asyncio
from typing import Any, cast

from grpclib import client, server
from grpclib.config import Configuration
from grpclib.protocol import Connection
from grpclib.protocol import Stream as H2Stream
from h2.connection import H2Connection

#: grpclib's default.
_PINGS_WITHOUT_DATA = 2


def keepalive(
    interval_s: float,
    timeout_s: float,
    *,
    min_interval_s: float,
    without_calls: bool = False,
    max_without_data: int = _PINGS_WITHOUT_DATA,
) -> Configuration:
    """Returns a configuration of HTTP/2 pings, for which grpclib has no public settings.

    Args:
        interval_s: Between two pings.
        timeout_s: How long a ping may remain unanswered until the connection is closed.
        min_interval_s: Between two pings without data.
        without_calls: Whether to send pings while no call is in progress.
        max_without_data: How many pings to send without data; 0: any number.
    """
    return Configuration(
        _keepalive_time=interval_s,
        _keepalive_timeout=timeout_s,
        _keepalive_permit_without_calls=without_calls,
        _http2_max_pings_without_data=max_without_data,
        _http2_min_sent_ping_interval_without_data=min_interval_s,
    )


def h2_stream_of(call: server.Stream[Any, Any]) -> H2Stream:
    """Returns the HTTP/2 stream of a received call."""
    return call._stream  # noqa: SLF001


def was_sent(call: client.Stream[Any, Any]) -> bool:
    """Returns whether the headers of a call were sent."""
    return call._send_request_done  # noqa: SLF001


def stream_id_of(call: client.Stream[Any, Any]) -> int:
    """Returns the HTTP/2 stream id of a call that was sent."""
    return cast("int", call._stream.id)  # noqa: SLF001


def is_server_streaming(call: client.Stream[Any, Any]) -> bool:
    """Returns whether a call has a stream of responses."""
    return bool(call._cardinality.server_streaming)  # noqa: SLF001


def end_call(call: client.Stream[Any, Any], error: Exception) -> None:
    """Ends a call with ``error``, unless it was ended before: a task must not be cancelled twice."""
    wrapper = call._wrapper  # noqa: SLF001
    if wrapper._error is None:  # noqa: SLF001
        wrapper.cancel(error)


def h2_connection_of(connection: Connection) -> H2Connection:
    """Returns h2's state of a connection."""
    return connection._connection  # noqa: SLF001


def unanswered_ping_s(connection: Connection) -> float:
    """Returns how long ago the first ping was sent that the peer has not answered, in seconds; 0 if there is none."""
    timeout = connection._close_by_ping_handler  # noqa: SLF001 (set by that ping, and cleared by the answer)
    if timeout is None:
        return 0.0
    sent_at: float = timeout.when() - connection._config._keepalive_timeout  # noqa: SLF001
    return asyncio.get_running_loop().time() - sent_at
