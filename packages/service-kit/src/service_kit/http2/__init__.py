"""HTTP/2 as every server of the platform takes it: h2, with faults confined to the streams that have them."""

from service_kit.http2.server_connection import Http2ServerConnection, LateData, StreamFault

__all__ = ["Http2ServerConnection", "LateData", "StreamFault"]
