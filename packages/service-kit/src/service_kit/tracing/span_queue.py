"""A bounded queue of ended spans, and the thread that exports them."""

import asyncio
import threading
from collections import deque

from loguru import logger
from opentelemetry.metrics import Meter
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

_MAX_WAITING = 2048
#: Spans in one message to the collector. Encoding it blocks the interpreter for a few milliseconds.
_BATCH = 128
#: How long a span waits for its batch to fill (seconds).
_EVERY_S = 1.0


class SpanQueue(SpanProcessor):
    """Queues ended spans without blocking; while the queue is full, further spans are dropped and counted.

    OpenTelemetry's own BatchSpanProcessor neither counts dropped spans nor shuts down within a time (docs/adr/0014).

    exporter: sends a batch, in the queue's own thread. meter: counts spans by outcome. max_waiting: spans.
    """

    def __init__(self, exporter: SpanExporter, meter: Meter, max_waiting: int = _MAX_WAITING) -> None:
        self._exporter = exporter
        self._max_waiting = max_waiting
        self._waiting: deque[ReadableSpan] = deque()
        self._woken = threading.Event()
        self._stopping = False
        self._delivering = True
        self._spans = meter.create_counter(
            "headrace.traces.spans",
            unit="{span}",
            description="Spans of sampled requests: exported, failed at the collector, or dropped by a full queue.",
        )
        self._thread = threading.Thread(target=self._send_until_stopped, name="traces", daemon=True)
        self._thread.start()

    def on_end(self, span: ReadableSpan) -> None:
        if len(self._waiting) >= self._max_waiting:
            self._spans.add(1, {"outcome": "dropped"})
            self._log_change(delivering=False)
            return
        self._waiting.append(span)
        if len(self._waiting) == _BATCH:
            self._woken.set()

    async def finish(self, within_s: float) -> None:
        """Exports the queued spans, for at most ``within_s`` seconds; logs if some are lost."""
        self._stopping = True
        self._woken.set()
        await asyncio.to_thread(self._thread.join, within_s)
        if self._thread.is_alive():
            logger.bind(spans=len(self._waiting)).warning("the last traces were not delivered in time")
        self._exporter.shutdown()

    def _send_until_stopped(self) -> None:
        while not self._stopping:
            self._woken.wait(_EVERY_S)
            self._woken.clear()
            while self._waiting:
                self._send()

    def _send(self) -> None:
        batch = [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]
        try:
            succeeded = self._exporter.export(batch) is SpanExportResult.SUCCESS
        except Exception:  # an exporter may raise anything; the thread must continue
            logger.exception("traces cannot be exported")
            succeeded = False
        self._spans.add(len(batch), {"outcome": "exported" if succeeded else "failed"})
        self._log_change(delivering=succeeded)

    def _log_change(self, *, delivering: bool) -> None:
        if delivering == self._delivering:
            return
        self._delivering = delivering
        if delivering:
            logger.info("traces are delivered again")
        else:
            logger.warning("traces are lost: the collector refuses them or is too slow")
