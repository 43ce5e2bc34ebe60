"""The gateway's public server: connections, and HTTP/1.1 and HTTP/2 on them."""

from gateway.server.bounds import Bounds
from gateway.server.public_server import PublicServer

__all__ = ["Bounds", "PublicServer"]
