"""Which host a request names (RFC 9110, 7.2): one, and one that can be."""

import re
from collections.abc import Sequence
from ipaddress import AddressValueError, IPv6Address

from gateway.server.refusals import malformed

# Names as DNS has them, with the underscore of some container networks, and IPv4 addresses. The grammar of RFC 3986
# allows more (percent-encoding, sub-delimiters), of which no name in use has any, and which others read differently.
_HOST = re.compile(
    rb"(?:(?P<name>[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?)|\[(?P<ipv6>[0-9A-Fa-f:.]+)\])(?::(?P<port>[0-9]*))?"
)
#: A name of DNS has at most 255 characters, and a port five.
_MAX_BYTES = 255 + 6
_MAX_PORT = 65535


def check_hosts(hosts: Sequence[bytes]) -> None:
    """Checks what a request says of its host.

    Args:
        hosts: the values of all `Host` fields, and of `:authority` in HTTP/2.

    Raises:
        Refusal: they differ, or one of them names no host.
    """
    for host in hosts:
        if not _is_host(host):
            raise malformed("The host is not a name or an address, with or without a port.")
    if len({host.lower() for host in hosts}) > 1:
        raise malformed("A request names one host.")


def _is_host(text: bytes) -> bool:
    match = _HOST.fullmatch(text) if len(text) <= _MAX_BYTES else None
    if match is None or (match["port"] and int(match["port"]) > _MAX_PORT):
        return False
    if match["ipv6"] is None:
        return True
    try:
        IPv6Address(match["ipv6"].decode("ascii"))
    except AddressValueError:
        return False
    return True
