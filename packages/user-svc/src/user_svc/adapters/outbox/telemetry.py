"""Telemetry of the relay: metrics of the stream's lag, and a log line at each change of state."""

import time
from collections.abc import Iterable

from loguru import logger
from opentelemetry.metrics import CallbackOptions, Observation
from service_kit.telemetry.metrics import from_zero, meter

from user_svc.adapters.outbox.table import Unrelayed


class OutboxTelemetry:
    """Metrics and logs of the relay, which reports to it."""

    def __init__(self) -> None:
        self._unrelayed = Unrelayed(0, None)
        self._is_relaying: bool | None = None
        instruments = meter("user_svc.outbox")
        self._relayed = instruments.create_counter(
            "user_svc.outbox.relayed", unit="{event}", description="Events appended to the stream by this process"
        )
        self._losses = instruments.create_counter(
            "user_svc.outbox.losses", description="Losses of events in the stream, which were appended again"
        )
        from_zero(self._relayed)
        from_zero(self._losses)
        for name, unit, observe, description in (
            ("waiting", "{event}", self._observe_unrelayed, "Events that the stream does not have yet"),
            ("lag", "s", self._observe_lag, "Age of the oldest event that the stream does not have yet; 0 without one"),
            ("relaying", "", self._observe_relaying, "1 while events are relayed, 0 while they wait in the outbox"),
        ):
            instruments.create_observable_gauge(f"user_svc.outbox.{name}", [observe], unit, description)

    def unrelayed(self, unrelayed: Unrelayed) -> None:
        """Sets what the stream lacks."""
        self._unrelayed = unrelayed

    def relayed(self, count: int) -> None:
        """Counts events that were appended."""
        self._relayed.add(count)

    def lost(self, head: int, known: int) -> None:
        """Reports that the stream's head is ``head``, after it was ``known``."""
        self._losses.add(1)
        logger.bind(head=head, known_head=known).warning("event stream lost events, they are relayed again")

    def caught_up(self) -> None:
        """Reports that all events were relayed."""
        if self._is_relaying is False:
            logger.info("events relayed again")
        self._is_relaying = True

    def failed(self, exc: Exception) -> None:
        """Reports that events cannot be relayed now. Logs the first report after a success."""
        if self._is_relaying is not False:
            # The type only: a driver's text may contain an address with its password.
            logger.bind(cause=type(exc).__name__).warning("events wait in the outbox")
        self._is_relaying = False

    def _observe_unrelayed(self, _options: CallbackOptions) -> Iterable[Observation]:
        return [Observation(self._unrelayed.count)]

    def _observe_lag(self, _options: CallbackOptions) -> Iterable[Observation]:
        oldest_at = self._unrelayed.oldest_at
        return [Observation(max(0.0, time.time() - oldest_at.timestamp()) if oldest_at is not None else 0.0)]

    def _observe_relaying(self, _options: CallbackOptions) -> Iterable[Observation]:
        return [Observation(int(self._is_relaying is True))]
