"""Keeps new connections away from a listening socket that is about to close.

Closing a listening socket resets the connections that wait in its queue, and as long as it is open, Linux sends it its
share of the new ones. The filter drops the packet that opens a connection (SYN) and nothing else. The client sends it
again after a second, and by then Linux knows only the other sockets of the port.
"""

import ctypes
import socket
import struct
import sys
from contextlib import suppress

# From linux/socket.h of all architectures that CPython supports in the first tiers (PEP 11).
_SO_ATTACH_FILTER = 26
_SO_DETACH_FILTER = 27

# The TCP header is at offset 0 (linux/filter.h: instructions of code, jumps, operand).
_FLAGS_OFFSET = 13
_SYN, _SYN_OR_ACK = 0x02, 0x12
_PROGRAM = (
    (0x30, 0, 0, _FLAGS_OFFSET),  # load the byte of flags
    (0x54, 0, 0, _SYN_OR_ACK),  # keep these two of them
    (0x15, 0, 1, _SYN),  # only SYN?
    (0x06, 0, 0, 0),  # drop
    (0x06, 0, 0, 0xFFFFFFFF),  # pass, whole
)


def drop_new_connections(listener: socket.socket) -> bool:
    """From now on, let only those connections in that have begun. False: this system knows no such filter."""
    if sys.platform != "linux":
        return False
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *instruction) for instruction in _PROGRAM))
    # struct sock_fprog: the number of instructions, and where they are.
    described = struct.pack("HP", len(_PROGRAM), ctypes.addressof(program))
    try:
        listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, described)
    except OSError:
        return False
    return True


def forget_filter(connection: socket.socket) -> None:
    """Take the filter off a connection, if it has inherited it from its listener."""
    with suppress(OSError):  # it began before
        connection.setsockopt(socket.SOL_SOCKET, _SO_DETACH_FILTER, 0)
