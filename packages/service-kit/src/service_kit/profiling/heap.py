"""Heap profiles: live objects by type, and allocations by call site. Neither costs anything while it is not used."""

import gc
import sys
import time
import tracemalloc
from collections import Counter
from typing import Self

from service_kit.profiling.profile import Frame, Profile, Sample, ValueType
from service_kit.profiling.sources import SourceFiles

_TYPES = (ValueType("inuse_objects", "count"), ValueType("inuse_space", "bytes"))
_OBJECTS_COMMENTS = (
    "Objects that Python's garbage collector tracks, by type: those made since the process was ready.",
    "Each object's size excludes the objects that it refers to.",
    "Strings, numbers, bytes and the memory of C libraries are not included.",
)
_ALLOCATIONS_COMMENT = "Allocations during the recording that were still alive at its end, by call site."
_FRAMES = 32


def live_objects(*, collect: bool) -> Profile:
    """Returns the live objects by type. collect: runs the garbage collector first.

    It blocks the interpreter, for about 0.2 s with a million objects.
    """
    if collect:
        gc.collect()
    counts: Counter[type] = Counter()
    sizes: Counter[type] = Counter()
    for each in gc.get_objects():
        kind = type(each)
        counts[kind] += 1
        sizes[kind] += _size_bytes(each)
    samples = [Sample((_frame(kind),), (count, sizes[kind])) for kind, count in counts.most_common()]
    return Profile("objects by type", _TYPES, samples, time.time_ns(), comments=_OBJECTS_COMMENTS)


class AllocationTrace:
    """Records allocations while the context is entered; the process runs several times slower meanwhile.

    Raises:
        RuntimeError: tracemalloc is recording already (PYTHONTRACEMALLOC).
    """

    def __init__(self) -> None:
        self._snapshot: tracemalloc.Snapshot | None = None
        self._started_ns = self._began_ns = self._duration_ns = 0

    def __enter__(self) -> Self:
        if tracemalloc.is_tracing():
            raise RuntimeError("allocations are being recorded already, by tracemalloc from the start of the process")
        self._started_ns, self._began_ns = time.time_ns(), time.monotonic_ns()
        tracemalloc.start(_FRAMES)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._duration_ns = time.monotonic_ns() - self._began_ns
        if kind is None:
            self._snapshot = tracemalloc.take_snapshot()
        tracemalloc.stop()

    def profile(self) -> Profile:
        """Returns the recording, once the context has been left. It reads source files, so call it in a thread."""
        sources = SourceFiles()
        statistics = self._snapshot.statistics("traceback") if self._snapshot is not None else []
        samples = [
            Sample(
                tuple(sources.frame(frame.filename, frame.lineno) for frame in reversed(found.traceback)),
                (found.count, found.size),
            )
            for found in statistics
        ]
        return Profile(
            "allocations", _TYPES, samples, self._started_ns, self._duration_ns, comments=(_ALLOCATIONS_COMMENT,)
        )


def _size_bytes(each: object) -> int:
    try:
        return sys.getsizeof(each)
    except Exception:  # __sizeof__ may be overridden and raise anything
        return 0


def _frame(kind: type) -> Frame:
    return Frame(f"{kind.__module__}.{kind.__qualname__}")
