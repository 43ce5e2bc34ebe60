"""Who is calling, for what is counted per caller: the user, or without one the network of the client's address."""

from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network

from service_kit.context import RequestContext
from service_kit.contract.policy import RateClass

# One customer usually holds a whole /64 (RFC 6177), and could change the address with every request.
_IPV6_PREFIX = 64


def caller_key(request: RequestContext) -> str:
    """Returns what stands for the caller of ``request``: "user:ID" or "addr:NETWORK"."""
    if request.principal is not None:
        return f"user:{request.principal.user_id}"
    return f"addr:{_network(request.client_address)}"


def rate_key(rate_class: RateClass, request: RequestContext) -> str:
    """The key of the bucket that ``request`` draws on."""
    return f"rl:{rate_class.value}:{caller_key(request)}"


@lru_cache(maxsize=8192)
def _network(address: str) -> str:
    if ":" not in address:
        return address
    return str(IPv6Network((IPv6Address(address), _IPV6_PREFIX), strict=False).network_address) + f"/{_IPV6_PREFIX}"
