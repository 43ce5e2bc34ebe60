"""How the C library's allocator treats large blocks."""

import ctypes

#: From malloc.h of glibc.
_M_MMAP_THRESHOLD = -3
_LARGE_BYTES = 64 * 1024


def give_back_large_blocks() -> bool:
    """Has every block of 64 KiB or more returned to the system as soon as it is freed.

    By default, glibc raises that threshold to the size of each such block that is freed, up to 32 MiB, and takes the
    next ones from its heap, which small blocks keep from shrinking: a burst of large messages would stay in the
    process's memory for ever. Measured with 50 connections that do not read lists of 1 MB: 35 MiB more before, 1 after.

    Returns:
        Whether this system's allocator could be told so; others than glibc's give large blocks back anyway.
    """
    try:
        return bool(ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES))
    except (AttributeError, OSError):
        return False
