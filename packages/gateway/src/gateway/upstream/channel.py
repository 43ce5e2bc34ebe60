"""A gRPC channel for a gateway's load: few writes, and headers compressed by what we know of them."""

import asyncio

from grpclib.client import Channel, Handler
from grpclib.protocol import H2Protocol
from service_kit.grpc.corked_protocol import CorkedProtocol

from gateway.upstream.header_encoder import HeaderEncoder


class LeanChannel(Channel):
    """grpclib's channel with connections of our own making."""

    def _protocol_factory(self) -> H2Protocol:
        return _LeanProtocol(Handler(), self._config, self._h2_config)


class _LeanProtocol(CorkedProtocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        # Before the first request. The encoder is public in h2, but grpclib keeps h2's connection to itself.
        self.connection._connection.encoder = HeaderEncoder()  # noqa: SLF001
