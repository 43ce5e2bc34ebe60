"""How Hypercorn's protocols are told what we want of them."""

from time import time
from wsgiref.handlers import format_date_time

from hypercorn.config import Config

from gateway.server.bounds import Bounds


class EdgeConfig(Config):
    """No log of its own, no header of its own but `date`, which is written once a second."""

    accesslog = None
    errorlog = None
    include_server_header = False

    def __init__(self, bounds: Bounds) -> None:
        self.h11_max_incomplete_size = 2 * bounds.max_header_bytes
        self.h2_max_header_list_size = 2 * bounds.max_header_bytes
        self.h2_max_concurrent_streams = bounds.http2_max_streams
        self.keep_alive_max_requests = bounds.max_requests_per_connection
        self._second = 0
        self._headers: list[tuple[bytes, bytes]] = []

    def response_headers(self, protocol: str = "") -> list[tuple[bytes, bytes]]:
        """What every response carries; not to be changed by those who ask."""
        second = int(time())
        if second != self._second:
            self._second = second
            self._headers = [(b"date", format_date_time(second).encode("ascii"))]
        return self._headers
