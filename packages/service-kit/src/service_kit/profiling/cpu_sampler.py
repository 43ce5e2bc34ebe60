"""CPU profiling: samples all stacks once per period of processor time that the process has used.

The system counts the process's processor time and sends SIGPROF for each period (setitimer, ITIMER_PROF); Python calls
the handler in the main thread, between two instructions of the running code. A sampling thread would have to wait for
the interpreter's lock, and would mostly get it where the main thread releases it: at system calls and between
callbacks. It would see little else.
"""

import signal
import sys
import threading
import time
from collections.abc import Iterator
from types import CodeType, FrameType
from typing import Self

from service_kit.profiling.profile import Labels, Profile, Sample, ValueType
from service_kit.profiling.request_labels import labels_of
from service_kit.profiling.stacks import FrameNames, walk
from service_kit.request.context import current_request

_TYPES = (ValueType("samples", "count"), ValueType("cpu", "nanoseconds"))
_COMMENT = "Time in C code counts for the line of Python that called it."
#: Only Linux lets a thread read another thread's clock.
_READS_OTHER_CLOCKS = sys.platform == "linux"


class CpuSampler:
    """Samples the process while the context is entered. Main thread only, and one at a time per process.

    hz: samples per second of processor time.
    """

    def __init__(self, hz: int) -> None:
        self._period_s = 1 / hz
        self._busy = False
        self._missed = 0
        self._used_ns: dict[int, int] = {}
        # A stack alternates the `id` of a frame's code and its line: comparing the code objects themselves takes longer
        # than the rest of a sample.
        self._found: dict[tuple[tuple[int, ...], Labels], list[int]] = {}
        self._codes: dict[int, CodeType] = {}
        self._started_ns = self._began_ns = self._duration_ns = 0

    def __enter__(self) -> Self:
        self._started_ns, self._began_ns = time.time_ns(), time.monotonic_ns()
        self._used_ns = {thread.native_id or 0: cpu_ns_of(thread) for thread in threading.enumerate()}
        signal.signal(signal.SIGPROF, self._tick)
        # System calls of libraries that do not handle signals are restarted.
        signal.siginterrupt(signal.SIGPROF, False)
        signal.setitimer(signal.ITIMER_PROF, self._period_s, self._period_s)
        return self

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)
        # Not the default action, which ends the process: one signal may still be pending.
        signal.signal(signal.SIGPROF, signal.SIG_IGN)
        self._duration_ns = time.monotonic_ns() - self._began_ns

    def profile(self) -> Profile:
        """Returns the samples as a profile. Slow; it may be called in any thread."""
        names = FrameNames()
        samples = [
            Sample(names.frames(self._frames(stack)), (count, used_ns), labels)
            for (stack, labels), (count, used_ns) in self._found.items()
        ]
        comments = (_COMMENT, *((f"{self._missed} samples failed.",) if self._missed else ()))
        period_ns = int(self._period_s * 1e9)
        return Profile("CPU", _TYPES, samples, self._started_ns, self._duration_ns, _TYPES[1], period_ns, comments)

    def _tick(self, _signal: int, frame: FrameType | None) -> None:
        if self._busy:  # a signal during the handler
            return
        self._busy = True
        try:
            self._sample(frame)
        except Exception:  # it would be raised inside the interrupted code
            self._missed += 1
        finally:
            self._busy = False

    def _sample(self, interrupted: FrameType | None) -> None:
        """Adds each thread's processor time since the last sample to its current stack."""
        frames = sys._current_frames()  # noqa: SLF001 (its documented name)
        main = threading.get_ident()
        for thread in threading.enumerate():
            ident, native_id = thread.ident or 0, thread.native_id or 0
            total_ns = cpu_ns_of(thread)
            used_ns = total_ns - self._used_ns.get(native_id, 0)
            if used_ns <= 0:
                continue
            self._used_ns[native_id] = total_ns
            if ident == main:
                self._add(interrupted, labels_of(current_request()), used_ns)
            else:
                self._add(frames.get(ident), (("thread", thread.name),), used_ns)

    def _add(self, frame: FrameType | None, labels: Labels, used_ns: int) -> None:
        stack: list[int] = []
        codes = self._codes
        for code, line in walk(frame):
            codes[id(code)] = code
            stack += (id(code), line)
        entry = self._found.setdefault((tuple(stack), labels), [0, 0])
        entry[0] += 1
        entry[1] += used_ns

    def _frames(self, stack: tuple[int, ...]) -> Iterator[tuple[CodeType, int]]:
        return ((self._codes[code], line) for code, line in zip(stack[::2], stack[1::2], strict=True))


def cpu_ns_of(thread: threading.Thread) -> int:
    """Returns the processor time of ``thread`` in nanoseconds; 0 if it has not begun or has ended.

    On systems other than Linux only the calling thread's time is known.
    """
    if _READS_OTHER_CLOCKS and thread.native_id is not None:
        # The kernel's own numbering (MAKE_THREAD_CPUCLOCK in posix-timers.h). time.pthread_getcpuclockid gives the same
        # number, but takes a pointer, which dangles once the thread has ended.
        clock = (~thread.native_id << 3) | 6
        try:
            return time.clock_gettime_ns(clock)
        except OSError:
            return 0
    return time.thread_time_ns() if thread.ident == threading.get_ident() else 0
