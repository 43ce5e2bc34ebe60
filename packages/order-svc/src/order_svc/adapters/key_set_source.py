"""The public keys that verify access tokens, from the authority over sessions."""

from service_kit.grpc.client import GrpcClient
from shared_contracts.headrace.session.v1 import GetKeySetRequest, JsonWebKey, SessionServiceStub

_TIMEOUT_S = 1.0


class KeySetSource:
    """Fetches the key set over gRPC."""

    def __init__(self, client: GrpcClient) -> None:
        self._sessions = SessionServiceStub(client.channel)

    async def fetch(self) -> list[dict[str, str]]:
        """The keys as JSON Web Keys (RFC 7517). Raises whatever grpclib raises when the other side does not answer."""
        response = await self._sessions.get_key_set(GetKeySetRequest(), timeout=_TIMEOUT_S)
        return [_as_json_web_key(key) for key in response.keys]


def _as_json_web_key(key: JsonWebKey) -> dict[str, str]:
    return {"kty": key.kty, "crv": key.crv, "x": key.x, "kid": key.kid, "alg": key.alg, "use": key.use}
