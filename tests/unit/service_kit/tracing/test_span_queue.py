"""The queue between ended spans and the collector."""

import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from loguru import logger
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from service_kit.tracing.span_queue import SpanQueue

from tests.running.polling import eventually
from tests.unit.gateway.metrics import RecordedMetrics


class FakeExporter(SpanExporter):
    """Takes batches while `go_on` is set; answers what `result` is, or raises it."""

    def __init__(self) -> None:
        self.taken: list[ReadableSpan] = []
        self.asked = threading.Event()
        self.go_on = threading.Event()
        self.go_on.set()
        self.result: SpanExportResult | Exception = SpanExportResult.SUCCESS
        self.closed = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.asked.set()
        self.go_on.wait()
        if isinstance(self.result, Exception):
            raise self.result
        if self.result is SpanExportResult.SUCCESS:
            self.taken += spans
        return self.result

    def shutdown(self) -> None:
        self.closed = True


class Queue:
    """A queue under test. logged: messages."""

    def __init__(self, exporter: FakeExporter, max_waiting: int) -> None:
        self.metrics = RecordedMetrics()
        self.queue = SpanQueue(exporter, self.metrics.meter, max_waiting)
        self.logged: list[str] = []

    def end(self, count: int) -> None:
        for number in range(count):
            self.queue.on_end(ReadableSpan(str(number)))

    def counted(self, outcome: str) -> float:
        points = self.metrics.points("headrace.traces.spans")
        return sum(value for labels, value in points if labels == {"outcome": outcome})

    def wait_for(self, outcome: str, count: int) -> None:
        eventually(lambda: self.counted(outcome) >= count or None, within_s=5, every_s=0.01)


@asynccontextmanager
async def running_queue(exporter: FakeExporter, max_waiting: int = 1000) -> AsyncIterator[Queue]:
    running = Queue(exporter, max_waiting)
    handler = logger.add(lambda message: running.logged.append(message.record["message"]), level="INFO")
    try:
        yield running
    finally:
        exporter.go_on.set()
        await running.queue.finish(5)
        logger.remove(handler)


async def test_spans_are_exported_in_order_and_completely_at_the_end() -> None:
    exporter = FakeExporter()
    async with running_queue(exporter) as running:
        running.end(300)
        await running.queue.finish(5)
        assert [span.name for span in exporter.taken] == [str(number) for number in range(300)]
        assert running.counted("exported") == 300
        assert exporter.closed
        assert running.logged == []


async def test_single_span_is_exported_without_a_full_batch() -> None:
    exporter = FakeExporter()
    async with running_queue(exporter) as running:
        running.end(1)
        running.wait_for("exported", 1)


async def test_spans_beyond_the_queue_are_dropped_and_counted_while_the_collector_hangs() -> None:
    exporter = FakeExporter()
    exporter.go_on.clear()
    async with running_queue(exporter, max_waiting=200) as running:
        running.end(128)
        exporter.asked.wait(5)  # one batch is on its way, and stays there
        running.end(1000)
        assert running.counted("dropped") == 800
        exporter.go_on.set()
        running.wait_for("exported", 328)
        assert [line.partition(":")[0] for line in running.logged] == ["traces are lost", "traces are delivered again"]


@pytest.mark.parametrize("result", [SpanExportResult.FAILURE, RuntimeError("a bug")])
async def test_failed_export_is_counted_and_logged_once(result: SpanExportResult | Exception) -> None:
    exporter = FakeExporter()
    exporter.result = result
    async with running_queue(exporter) as running:
        running.end(128 * 3)
        running.wait_for("failed", 128 * 3)
        exporter.result = SpanExportResult.SUCCESS
        running.end(128)
        running.wait_for("exported", 128)
        assert [line.partition(":")[0] for line in running.logged if "cannot" not in line] == [
            "traces are lost",
            "traces are delivered again",
        ]


async def test_finish_does_not_wait_for_a_collector_that_hangs() -> None:
    exporter = FakeExporter()
    exporter.go_on.clear()
    async with running_queue(exporter) as running:
        running.end(10)
        exporter.asked.wait(5)
        await running.queue.finish(0.05)
        assert running.logged == ["the last traces were not delivered in time"]
        assert exporter.closed
