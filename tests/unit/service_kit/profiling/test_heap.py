"""Heap profiles."""

import gc
import tracemalloc

import pytest
from service_kit.profiling.heap import AllocationTrace, live_objects
from service_kit.profiling.sources import SourceFiles


class Kept:
    """A type that the profile must contain."""


def allocate() -> list[bytes]:
    return [b"x" * 10_000 for _ in range(100)]


def test_live_objects_are_counted_by_type() -> None:
    kept = [Kept() for _ in range(1000)]
    found = {sample.stack[0].function: sample.values for sample in live_objects(collect=False).samples}
    count, size_bytes = found[f"{__name__}.Kept"]
    assert count == len(kept)
    assert size_bytes >= 1000 * Kept.__basicsize__


def test_unreachable_objects_are_left_out_after_a_collection() -> None:
    def lose() -> None:
        ring = Kept()
        ring.own = ring  # type: ignore[attr-defined]

    gc.disable()
    try:
        for _ in range(10):
            lose()
        before = {sample.stack[0].function: sample.values for sample in live_objects(collect=False).samples}
        after = {sample.stack[0].function: sample.values for sample in live_objects(collect=True).samples}
    finally:
        gc.enable()
    assert before[f"{__name__}.Kept"][0] == 10
    assert f"{__name__}.Kept" not in after


def test_allocation_trace_shows_surviving_allocations_by_call_site() -> None:
    with AllocationTrace() as trace:
        kept = allocate()
        allocate()
    assert not tracemalloc.is_tracing()
    found = [
        sample
        for sample in trace.profile().samples
        if any(frame.function == f"{__name__}.allocate" for frame in sample.stack)
    ]
    assert sum(sample.values[0] for sample in found) == pytest.approx(len(kept), abs=5)
    assert sum(sample.values[1] for sample in found) == pytest.approx(1_004_000, rel=0.01)
    assert found[0].stack[-1].first_line > 0


def test_allocation_trace_is_refused_when_tracemalloc_records_already() -> None:
    tracemalloc.start()
    try:
        with pytest.raises(RuntimeError, match="already"), AllocationTrace():
            pass
        assert tracemalloc.is_tracing()
    finally:
        tracemalloc.stop()


def test_sources_map_a_line_to_its_function() -> None:
    sources = SourceFiles()
    start = allocate.__code__.co_firstlineno
    assert sources.frame(__file__, start + 1) == (f"{__name__}.allocate", __file__, start + 1, start)
    assert sources.frame(__file__, 1).function == f"{__name__}.<module>"
    assert sources.frame("/no/such/file.py", 3).function == "file.<module>"
