"""Whose connection it is, for counting."""

from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network

# One customer usually holds a whole /64 (RFC 6177), and could change the address with every connection.
_IPV6_PREFIX = 64


@lru_cache(maxsize=8192)
def client_network(address: str) -> str:
    """The IPv4 address, that in an IPv4-mapped one, or the /64 of an IPv6 address."""
    if ":" not in address:
        return address
    parsed = IPv6Address(address.partition("%")[0])
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(IPv6Network((parsed, _IPV6_PREFIX), strict=False))
