"""Whom a rate limit counts: the user, or without one the client's address."""

from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network

from service_kit.context import RequestContext
from service_kit.contract.policy import RateClass

# One customer usually holds a whole /64 (RFC 6177), and could change the address with every request.
_IPV6_PREFIX = 64


def rate_key(rate_class: RateClass, request: RequestContext) -> str:
    """The key of the bucket that ``request`` draws on."""
    if request.principal is not None:
        return f"rl:{rate_class.value}:user:{request.principal.user_id}"
    return f"rl:{rate_class.value}:addr:{_network(request.client_address)}"


@lru_cache(maxsize=8192)
def _network(address: str) -> str:
    if ":" not in address:
        return address
    return str(IPv6Network((IPv6Address(address), _IPV6_PREFIX), strict=False).network_address) + f"/{_IPV6_PREFIX}"
