"""Listening on a port, on one address or several, and stopping in order."""

import errno
import os
import re
import socket
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

LOOPBACK = ("127.0.0.1",)
_ANY_IPV6 = "::"
_NAME = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?")
#: What an address of a host name may be: one of a family that the machine has switched off.
_NOT_HERE = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})
_SHARING = " (replicas can share a port if all of them have {}=true)"


def parse_hosts(text: str) -> tuple[str, ...]:
    """Reads the addresses to listen on, such as "127.0.0.1,::1"; an IPv6 address may be in brackets.

    Raises:
        ValueError: there is none, or one of them is neither an address nor a name.
    """
    return tuple(dict.fromkeys(_host(item.strip()) for item in text.split(",")))


def _host(text: str) -> str:
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    if not _is_name(bare):
        return bare
    if _NAME.fullmatch(text) is None:
        raise ValueError(f"{text!r} is neither an address nor the name of a host")
    return text


def url_host(host: str) -> str:
    """``host`` as it is written before a port."""
    return f"[{host}]" if ":" in host else host


def listen(
    hosts: tuple[str, ...], port: int, *, share_port: bool = False, share_setting: str = ""
) -> list[socket.socket]:
    """Listens on every address of ``hosts``; `::` takes IPv4 too, where the system can and no address of it is named.

    Args:
        hosts: addresses and names; a name stands for all its addresses.
        port: 0 for one that the system chooses, the same for all.
        share_port: whether other processes may listen on it too (SO_REUSEPORT), which must say so as well.
        share_setting: the setting that decides that, if there is one, for the error's text.

    Raises:
        OSError: it is not possible; the text names the address and the port.
    """
    listening: list[socket.socket] = []
    for host, family, address in _addresses(hosts, port):
        is_dual = host == _ANY_IPV6 and socket.has_dualstack_ipv6() and all(":" in each for each in hosts)
        try:
            taken = socket.create_server(
                (address[0], port, *address[2:]),  # a scope may follow (RFC 4007)
                family=family,
                reuse_port=share_port,
                dualstack_ipv6=is_dual,
            )
        except OSError as exc:
            if exc.errno in _NOT_HERE and _is_name(host):
                continue
            for each in listening:
                each.close()
            hint = _SHARING.format(share_setting) if share_setting and exc.errno == errno.EADDRINUSE else ""
            raise _cannot(host, port, os.strerror(exc.errno or 0) + hint, exc.errno) from exc
        listening.append(taken)
        port = port or taken.getsockname()[1]
    if not listening:
        raise _cannot(",".join(hosts), port, "none of its addresses is one of this machine", errno.EADDRNOTAVAIL)
    return listening


def _addresses(hosts: tuple[str, ...], port: int) -> Iterator[tuple[str, socket.AddressFamily, tuple[Any, ...]]]:
    """Each host with the family and the socket address of each of its addresses."""
    for host in hosts:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        except OSError as exc:
            raise _cannot(host, port, exc.strerror, exc.errno) from exc
        for family, address in dict.fromkeys((family, address) for family, _, _, _, address in found):
            yield host, family, address


def _cannot(host: str, port: int, reason: str | None, number: int | None) -> OSError:
    return OSError(number, f"cannot listen on {url_host(host)}:{port}: {reason}")


def _is_name(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return True
    return False


def remaining(listening: socket.socket) -> Iterator[socket.socket]:
    """The connections that the system has made and nobody has taken yet: closing the socket would reset them."""
    listening.setblocking(False)
    while True:
        try:
            yield listening.accept()[0]
        except BlockingIOError:
            return
