"""The server's side of HTTP/2: h2 with faults confined to their streams, graceful GOAWAY, and budgets for floods."""

from service_kit.http2.graceful_goaway import GracefulGoAway, intercept_goaway
from service_kit.http2.server_connection import Http2ServerConnection, LateData, StreamFault
from service_kit.http2.token_bucket import TokenBucket

__all__ = ["GracefulGoAway", "Http2ServerConnection", "LateData", "StreamFault", "TokenBucket", "intercept_goaway"]
