"""Whether another socket listens on the same port (SO_REUSEPORT)."""

import os
import socket
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

#: The state of a listening socket in the kernel's tables.
_LISTEN = "0A"
_TABLES = {socket.AF_INET: Path("/proc/net/tcp"), socket.AF_INET6: Path("/proc/net/tcp6")}


def is_port_shared(listener: socket.socket) -> bool:
    """Returns whether another socket, of any process, takes the port's connections once ``listener`` is closed.

    False where the system does not show it (Linux does, in /proc).
    """
    try:
        with _TABLES[listener.family].open() as table:
            return has_other_listener(table, listener.getsockname(), os.fstat(listener.fileno()).st_ino)
    except (OSError, KeyError):
        return False


def has_other_listener(table: Iterable[str], address: tuple[str, int], inode: int) -> bool:
    """Returns whether a kernel's table of sockets has a listener for ``address`` other than the socket ``inode``."""
    host, port = address[:2]
    packed = socket.inet_pton(socket.AF_INET6 if ":" in host else socket.AF_INET, host)
    endpoints = {f"{_in_words(packed)}:{port:04X}", f"{_in_words(bytes(len(packed)))}:{port:04X}"}
    return any(local in endpoints and number != str(inode) for local, number in _listeners(table))


def _listeners(table: Iterable[str]) -> Iterator[tuple[str, str]]:
    lines = iter(table)
    next(lines, None)  # the names of the columns
    for line in lines:
        _, local, _, state, _, _, _, _, _, inode, *_ = line.split()
        if state != _LISTEN:
            return  # listeners come first, and there may be very many connections
        yield local, inode


def _in_words(packed: bytes) -> str:
    """Returns an address as the kernel prints it: words of 32 bits, in the byte order of the machine."""
    words = (packed[start : start + 4] for start in range(0, len(packed), 4))
    return "".join(f"{int.from_bytes(word, sys.byteorder):08X}" for word in words)
