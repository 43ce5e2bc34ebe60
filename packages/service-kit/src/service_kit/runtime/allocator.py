"""Configures glibc's memory allocator."""

import ctypes

#: From malloc.h of glibc.
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8
_LARGE_BYTES = 64 * 1024


def release_large_blocks() -> bool:
    """Makes the allocator return blocks of 64 KiB or more to the system when they are freed, and use one arena.

    By default, glibc raises that threshold to the size of each such block that is freed, up to 32 MiB, and takes the
    next ones from its heap, which small blocks keep from shrinking: the memory of a burst of large messages would never
    be released. Neither would that of an arena per thread: large bodies are read, and large responses compressed, in
    threads. Must be called before the process starts threads.

    Returns:
        Whether the allocator could be configured; allocators other than glibc's return large blocks anyway.
    """
    try:
        libc = ctypes.CDLL(None)
        return bool(libc.mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)) and bool(libc.mallopt(_M_ARENA_MAX, 1))
    except (AttributeError, OSError):
        return False
