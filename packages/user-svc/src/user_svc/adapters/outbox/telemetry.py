"""How far behind the stream is: metrics, and a line in the log at each change."""

import time
from collections.abc import Iterable

from loguru import logger
from opentelemetry.metrics import CallbackOptions, Observation
from service_kit.telemetry.metrics import from_zero, meter

from user_svc.adapters.outbox.table import Waiting


class OutboxTelemetry:
    """The relay reports to it."""

    def __init__(self) -> None:
        self._waiting = Waiting(0, None)
        self._going: bool | None = None
        instruments = meter("user_svc.outbox")
        self._relayed = instruments.create_counter(
            "user_svc.outbox.relayed", unit="{event}", description="Events appended to the stream by this process"
        )
        self._losses = instruments.create_counter(
            "user_svc.outbox.losses", description="Times that the stream had lost events, which were appended again"
        )
        from_zero(self._relayed)
        from_zero(self._losses)
        for name, unit, observe, description in (
            ("waiting", "{event}", self._observe_waiting, "Events that the stream does not have yet"),
            ("lag", "s", self._observe_lag, "How long the oldest of them has been waiting; 0 without one"),
            ("relaying", "", self._observe_going, "1 while events are relayed; without it, they wait in the outbox"),
        ):
            instruments.create_observable_gauge(f"user_svc.outbox.{name}", [observe], unit, description)

    def waiting(self, waiting: Waiting) -> None:
        """So many events wait, as far as is known."""
        self._waiting = waiting

    def relayed(self, count: int) -> None:
        """So many events were appended."""
        self._relayed.add(count)

    def lost(self, head: int, known: int) -> None:
        """The stream ends with position ``head``, and has ended with ``known``."""
        self._losses.add(1)
        logger.warning("the event stream has lost what came after position {} of {}: it is relayed again", head, known)

    def going(self) -> None:
        """All that was to be relayed has been."""
        if self._going is False:
            logger.info("events are relayed again")
        self._going = True

    def stopped(self, exc: Exception) -> None:
        """Nothing can be relayed now. Only the first report after a success says so."""
        if self._going is not False:
            # The type alone: a driver's text may hold an address with its password.
            logger.warning("events wait in the outbox: {}", type(exc).__name__)
        self._going = False

    def _observe_waiting(self, _options: CallbackOptions) -> Iterable[Observation]:
        return [Observation(self._waiting.count)]

    def _observe_lag(self, _options: CallbackOptions) -> Iterable[Observation]:
        since = self._waiting.since
        return [Observation(max(0.0, time.time() - since.timestamp()) if since is not None else 0.0)]

    def _observe_going(self, _options: CallbackOptions) -> Iterable[Observation]:
        return [Observation(int(self._going is True))]
