"""A packet filter that keeps new connections away from a listening socket that is about to close.

Closing a listening socket resets the connections in its queue, and Linux gives it its share of new connections until it
is closed. The filter drops the packet that opens a connection (SYN) and nothing else. The client sends it again after
one second; by then Linux knows only the other sockets of the port.
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
    (0x54, 0, 0, _SYN_OR_ACK),  # keep these two flags
    (0x15, 0, 1, _SYN),  # only SYN?
    (0x06, 0, 0, 0),  # drop
    (0x06, 0, 0, 0xFFFFFFFF),  # pass the whole packet
)


def drop_new_connections(listener: socket.socket) -> bool:
    """Lets only those connections in that have begun, from now on.

    Returns:
        False if the system has no such filter.
    """
    if sys.platform != "linux":
        return False
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *instruction) for instruction in _PROGRAM))
    # struct sock_fprog: the number of instructions, and their address.
    described = struct.pack("HP", len(_PROGRAM), ctypes.addressof(program))
    try:
        listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, described)
    except OSError:
        return False
    return True


def detach_filter(connection: socket.socket) -> None:
    """Removes the filter from a connection that has inherited it from its listener."""
    with suppress(OSError):  # the connection began before the filter was attached
        connection.setsockopt(socket.SOL_SOCKET, _SO_DETACH_FILTER, 0)
