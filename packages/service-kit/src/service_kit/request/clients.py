"""The client that a request counts for in limits: a user, or for an anonymous request its network."""

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network

from service_kit.request.context import RequestContext

# One customer usually has a whole /64 (RFC 6177), and could change the address with every request.
_IPV6_PREFIX = 64


@dataclass(frozen=True, slots=True)
class Client:
    """A client, as limits and shares count it.

    key: "user:ID" or "addr:NETWORK". is_identified: it is a user with a verified access token. A session cookie alone
    does not identify a user until the session is renewed: any client can send one.
    """

    key: str
    is_identified: bool


def client_of(request: RequestContext) -> Client:
    """Returns the client that ``request`` counts for, by what is known so far."""
    if request.principal is not None:
        return Client(f"user:{request.principal.user_id}", is_identified=True)
    return Client(f"addr:{client_network(request.client_address)}", is_identified=False)


@lru_cache(maxsize=8192)
def client_network(address: str) -> str:
    """Returns an IPv4 address, also of an IPv4-mapped one, or the /64 of an IPv6 address; "" for an empty address."""
    if ":" not in address:
        return address
    parsed = IPv6Address(address.partition("%")[0])
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(IPv6Network((parsed, _IPV6_PREFIX), strict=False))
