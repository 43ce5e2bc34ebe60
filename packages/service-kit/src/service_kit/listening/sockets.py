"""Listening sockets: one for every address, and the connections that wait in their queues."""

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
#: The errors of an address whose family is disabled on the machine; a host name may have such addresses.
_NOT_HERE = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})
_OUT_OF_RESOURCES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_SHARING = " (replicas can share a port if all of them have {}=true)"


class AcceptError(OSError):
    """The system has no more file descriptors, or memory, for a connection."""


def parse_hosts(text: str) -> tuple[str, ...]:
    """Parses the addresses to listen on, such as "127.0.0.1,::1"; an IPv6 address may be in brackets.

    Raises:
        ValueError: The text is empty, or an item of it is neither an address nor a name.
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
    """Returns ``host`` as it is written before a port."""
    return f"[{host}]" if ":" in host else host


def listen(
    hosts: tuple[str, ...], port: int, *, share_port: bool = False, share_setting: str = ""
) -> list[socket.socket]:
    """Listens on every address of ``hosts``; `::` includes IPv4 if the system supports it and no IPv4 host is given.

    Args:
        hosts: Addresses and names; a name stands for all its addresses.
        port: 0 for one that the system chooses, the same for all addresses.
        share_port: Whether other processes may listen on it too (SO_REUSEPORT); all of them must set it.
        share_setting: The setting that decides that, if there is one, for the error's text.

    Raises:
        OSError: An address is in use, or none can be bound; the text names the address and the port.
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


def accept_queued(listener: socket.socket, limit: int) -> Iterator[tuple[socket.socket, Any]]:
    """Accepts connections that the kernel has established, without waiting for more.

    Args:
        listener: A listening socket; it becomes non-blocking.
        limit: How many times to accept.

    Returns:
        Non-blocking connections, each with the address of its peer.

    Raises:
        AcceptError: The system has no more file descriptors, or memory.
    """
    listener.setblocking(False)
    for _ in range(limit):
        try:
            connection, peer = listener.accept()
        except BlockingIOError:
            return
        except OSError as exc:
            if exc.errno in _OUT_OF_RESOURCES:
                raise AcceptError(exc.errno, exc.strerror) from exc
            continue  # an error of this one connection (accept(2))
        connection.setblocking(False)
        yield connection, peer


def _addresses(hosts: tuple[str, ...], port: int) -> Iterator[tuple[str, socket.AddressFamily, tuple[Any, ...]]]:
    """Yields each host with the family and the socket address of each of its addresses."""
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
