"""What a server says of itself in HTTP/2, and how far it lets a client go beyond it."""

from h2.settings import SettingCodes, Settings

from service_kit.grpc.limits import ServerLimits
from service_kit.http2 import Http2ServerConnection

#: What may be on its way that nobody has asked for yet: of one message, and on one connection. A message that is
#: refused costs no more than that, and a larger one that is taken comes in so many turns.
_STREAM_WINDOW_BYTES = 256 * 1024
_CONNECTION_WINDOW_BYTES = 1024 * 1024
#: What HTTP/2 begins with (RFC 9113 section 6.9.2).
_FIRST_WINDOW_BYTES = 65535
#: Beyond this a header list ends the connection instead of its call, for reading on is what costs.
_HEADER_BYTES_FACTOR = 4
#: How many calls more than allowed may be open while they are being refused.
_SPARE_STREAMS = 1000


def h2_connection(limits: ServerLimits) -> Http2ServerConnection:
    """The server's side of a new connection, its first frames to be sent."""
    h2 = Http2ServerConnection(normalizes=False)
    said = {
        SettingCodes.MAX_CONCURRENT_STREAMS: limits.max_streams,
        SettingCodes.MAX_HEADER_LIST_SIZE: limits.max_header_bytes,
        SettingCodes.INITIAL_WINDOW_SIZE: _STREAM_WINDOW_BYTES,
    }
    h2.local_settings = Settings(client=False, initial_values=said)
    h2.initiate_connection()
    h2.increment_flow_control_window(_CONNECTION_WINDOW_BYTES - _FIRST_WINDOW_BYTES)
    # h2 ends the connection where a limit is passed. A call too many, or with too many headers, is refused by itself
    # (see acceptance.py); other calls on the connection have done nothing wrong.
    kept = said | {SettingCodes.MAX_CONCURRENT_STREAMS: limits.max_streams + _SPARE_STREAMS}
    h2.local_settings = Settings(client=False, initial_values=kept)
    h2.decoder.max_header_list_size = _HEADER_BYTES_FACTOR * limits.max_header_bytes
    return h2
