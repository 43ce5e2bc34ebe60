"""How much processor time each thread has used, read from whichever thread."""

import sys
import threading
import time

_MAKES_CLOCKS = sys.platform == "linux"


def cpu_ns_of(thread: threading.Thread) -> int:
    """Nanoseconds so far; 0 for a thread that has not begun or has ended.

    On systems other than Linux only the calling thread's are known.
    """
    if _MAKES_CLOCKS and thread.native_id is not None:
        # The kernel's own numbering (MAKE_THREAD_CPUCLOCK in posix-timers.h). time.pthread_getcpuclockid gives the same
        # number, but takes a pointer, which may lead nowhere once the thread has ended.
        clock = (~thread.native_id << 3) | 6
        try:
            return time.clock_gettime_ns(clock)
        except OSError:
            return 0
    return time.thread_time_ns() if thread.ident == threading.get_ident() else 0
