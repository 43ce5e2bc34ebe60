"""Finds the client's address behind trusted proxies."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

# No sane chain of proxies is longer; a longer header only costs time.
_MAX_HOPS = 32

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


@lru_cache(maxsize=8192)
def _parse(text: str) -> Address | None:
    """Parses an address of X-Forwarded-For: with or without a port, IPv6 with or without brackets."""
    host = text.strip()
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    # A dual-stack listener shows IPv4 peers as ::ffff:a.b.c.d; they must share a bucket with IPv4.
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def parse_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Parses addresses and CIDR ranges ("10.0.0.0/8", "::1"). Raises ValueError that names all others."""
    networks: list[Network] = []
    wrong: list[str] = []
    for text in texts:
        try:
            networks.append(ip_network(text.strip()))
        except ValueError as exc:
            wrong.append(str(exc))
    if wrong:
        raise ValueError("; ".join(wrong))
    return tuple(networks)


class ClientAddress:
    """Finds the client's address; X-Forwarded-For counts only as far as trusted proxies wrote it.

    Args:
        trusted_proxies: addresses and CIDR ranges of the proxies in front of the gateway.

    Raises:
        ValueError: one of them is neither.
    """

    def __init__(self, trusted_proxies: Sequence[str] = ()) -> None:
        self._trusted = parse_networks(trusted_proxies)

    def of(self, peer: str | None, forwarded: Sequence[bytes]) -> str:
        """Returns the client's address; "" if the peer has none (a Unix socket).

        Each proxy appends the address that it saw, so the list is read from its right end; entries to the left of the
        first address that is not a trusted proxy's prove nothing.

        Args:
            peer: the address at the other end of the connection.
            forwarded: the values of X-Forwarded-For, in order.
        """
        found = _parse(peer) if peer else None
        if found is None:
            return ""
        if self._trusted and forwarded:
            found = self._behind(found, b",".join(forwarded).decode("latin-1"))
        return str(found)

    def is_proxy(self, peer: str) -> bool:
        """Returns whether the other end of a connection is a trusted proxy."""
        address = _parse(peer) if self._trusted else None
        return address is not None and self._is_trusted(address)

    def _behind(self, peer: Address, forwarded: str) -> Address:
        found = peer
        for entry in reversed(forwarded.rsplit(",", _MAX_HOPS)[-_MAX_HOPS:]):
            if not self._is_trusted(found):
                break
            further = _parse(entry)
            if further is None:
                break
            found = further
        return found

    def _is_trusted(self, address: Address) -> bool:
        return any(address in network for network in self._trusted)
