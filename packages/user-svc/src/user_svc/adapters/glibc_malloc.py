"""Returns the memory that hashing has freed to the system, with glibc; with another C library it does nothing.

By default, glibc keeps the working memory of each thread's last hash (19 MiB) in an arena of that thread, which it
never shrinks. Mapping it anew for every hash would double the time of the hash.
"""

import ctypes
from typing import Any

#: malloc.h
_M_ARENA_MAX = -8

_libc: Any = ctypes.CDLL(None)


def use_one_arena() -> None:
    """Makes all threads allocate from the main arena, which `trim` can shrink. Call it before threads start."""
    if hasattr(_libc, "mallopt"):
        _libc.mallopt(_M_ARENA_MAX, 1)


def trim() -> None:
    """Returns free memory to the system. Takes about 5 ms after hashing, during which allocations block."""
    if hasattr(_libc, "malloc_trim"):
        _libc.malloc_trim(0)
