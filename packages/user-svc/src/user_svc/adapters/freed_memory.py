"""Gives memory that hashing has freed back to the system, where the C library is glibc; elsewhere it does nothing.

Left alone, glibc keeps the working memory of every thread's last hash (19 MiB each) in an arena of that thread, which
it never shrinks. Mapping it anew for every hash instead would cost twice the time of the hash.
"""

import ctypes
from typing import Any

#: malloc.h
_M_ARENA_MAX = -8

_libc: Any = ctypes.CDLL(None)


def share_one_arena() -> None:
    """Has all threads allocate from the arena that `give_back` can shrink. To be called before there are any."""
    if hasattr(_libc, "mallopt"):
        _libc.mallopt(_M_ARENA_MAX, 1)


def give_back() -> None:
    """Returns what is free to the system; takes some 5 ms after hashing, during which allocations wait."""
    if hasattr(_libc, "malloc_trim"):
        _libc.malloc_trim(0)
