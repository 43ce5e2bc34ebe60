"""The gateway's edge to the public: connections, and the HTTP on them."""

from gateway.server.bounds import Bounds
from gateway.server.public_server import PublicServer

__all__ = ["Bounds", "PublicServer"]
