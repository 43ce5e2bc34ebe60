"""Spans on their way out: a bounded queue, and a thread that sends what is in it."""

import asyncio
import threading
from collections import deque

from loguru import logger
from opentelemetry.metrics import Meter
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

_MAX_WAITING = 2048
#: In one message to the collector. Encoding it takes the interpreter from requests for a few milliseconds.
_BATCH = 128
#: How long a span waits for others to travel with, in seconds.
_EVERY_S = 1.0


class SpanQueue(SpanProcessor):
    """Whoever ends a span never waits: while as many as may wait do, further ones are dropped, and counted.

    OpenTelemetry's own BatchSpanProcessor neither counts what it drops nor ends within a time (docs/adr/0014).

    exporter: sends a batch, in a thread of the queue's own. meter: where it is counted what becomes of spans.
    max_waiting: spans.
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
            description="Spans of sampled requests: exported, failed at the collector, or dropped as too many waited.",
        )
        self._thread = threading.Thread(target=self._send_until_stopped, name="traces", daemon=True)
        self._thread.start()

    def on_end(self, span: ReadableSpan) -> None:
        if len(self._waiting) >= self._max_waiting:
            self._spans.add(1, {"outcome": "dropped"})
            self._tell(delivering=False)
            return
        self._waiting.append(span)
        if len(self._waiting) == _BATCH:
            self._woken.set()

    async def finish(self, within_s: float) -> None:
        """Send what waits, for at most ``within_s`` seconds; the rest is lost, which is logged."""
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
            went_well = self._exporter.export(batch) is SpanExportResult.SUCCESS
        except Exception:  # whatever an exporter raises: the thread must outlive it
            logger.exception("traces cannot be exported")
            went_well = False
        self._spans.add(len(batch), {"outcome": "exported" if went_well else "failed"})
        self._tell(delivering=went_well)

    def _tell(self, *, delivering: bool) -> None:
        if delivering == self._delivering:
            return
        self._delivering = delivering
        if delivering:
            logger.info("traces are delivered again")
        else:
            logger.warning("traces are lost: the collector does not take them, or not as fast as they come")
