"""How the C library's allocator treats large blocks."""

import ctypes

#: From malloc.h of glibc.
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8
_LARGE_BYTES = 64 * 1024


def give_back_large_blocks() -> bool:
    """Has every block of 64 KiB or more returned to the system as soon as it is freed.

    By default, glibc raises that threshold to the size of each such block that is freed, up to 32 MiB, and takes the
    next ones from its heap, which small blocks keep from shrinking: a burst of large messages would stay in the
    process's memory for ever. Nor does each thread get an arena of its own, which would keep what it has once held: a
    large body is read, and a large response compressed, in a thread. To be called before there are any.

    Returns:
        Whether this system's allocator could be told so; others than glibc's give large blocks back anyway.
    """
    try:
        libc = ctypes.CDLL(None)
        return bool(libc.mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)) and bool(libc.mallopt(_M_ARENA_MAX, 1))
    except (AttributeError, OSError):
        return False
