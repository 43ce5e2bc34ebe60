"""A gRPC channel whose connections compress headers by what we know of them."""

from grpclib.client import Channel
from grpclib.protocol import H2Protocol

from gateway.upstream.header_encoder import HeaderEncoder


class LeanChannel(Channel):
    """grpclib's channel with our header encoder, set before a connection's first request."""

    async def __connect__(self) -> H2Protocol:
        protocol = await super().__connect__()
        connection = protocol.processor.connection._connection  # noqa: SLF001 (h2's own encoder is public; grpclib has no way to it)
        if not isinstance(connection.encoder, HeaderEncoder):
            encoder = HeaderEncoder()
            encoder.header_table_size = connection.encoder.header_table_size
            connection.encoder = encoder
        return protocol
