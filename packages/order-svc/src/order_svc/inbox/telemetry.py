"""Telemetry of the inbox: metrics, and a log line at each change of state."""

import time
from collections.abc import Iterable
from enum import StrEnum

from loguru import logger
from opentelemetry.metrics import CallbackOptions, Observation
from service_kit.events import Envelope
from service_kit.redis.failures import describe_redis_failure, redis_code
from service_kit.redis.version import UnsupportedRedisError
from service_kit.telemetry.metrics import from_zero, meter
from service_kit.telemetry.seconds_histogram import seconds_histogram

from order_svc.inbox.group import Backlog, Entry

_delay = seconds_histogram("order_svc.events.delay", "Time from an event to the end of its processing")


class Outcome(StrEnum):
    """The outcome of one delivery."""

    DONE = "done"
    #: The event was processed before.
    DUPLICATE = "duplicate"
    #: The event will be delivered again.
    FAILED = "failed"
    #: The event became a dead letter.
    DEAD = "dead"


class InboxTelemetry:
    """Counts and logs what the inbox reports."""

    def __init__(self) -> None:
        self._backlog = Backlog(None, 0, 0)
        self._connected: bool | None = None
        self._is_waiting = False
        #: Why no events are received.
        self.cause = "not yet connected"
        instruments = meter("order_svc.events")
        self._processed = instruments.create_counter(
            "order_svc.events.processed", unit="{event}", description="Deliveries of events, by outcome"
        )
        from_zero(self._processed, *({"outcome": outcome} for outcome in Outcome))
        for name, observe, description in (
            ("waiting", self._observe_waiting, "Events that are unread or pending"),
            (
                "dead_letters",
                self._observe_dead_letters,
                "Events that were given up and wait for an operator",
            ),
            ("connected", self._observe_connected, "1 while events are received, 0 while they wait"),
        ):
            instruments.create_observable_gauge(f"order_svc.events.{name}", [observe], description=description)

    def backlog(self, backlog: Backlog) -> None:
        """Records the current backlog."""
        self._backlog = backlog

    def processed(self, event: Envelope, outcome: Outcome) -> None:
        """Records that an event was processed."""
        self._processed.add(1, {"outcome": outcome})
        self._is_waiting = False
        if outcome is Outcome.DONE:
            _delay.record(max(0.0, time.time() - event.made_at_s))
        logger.bind(event_id=event.event_id, event_type=event.type, outcome=outcome).info("event processed")

    def failed(self, event: Envelope, entry: Entry, exc: Exception) -> None:
        """Records that the handler of an event failed."""
        self._processed.add(1, {"outcome": Outcome.FAILED})
        bound = logger.bind(event_id=event.event_id, event_type=event.type, deliveries=entry.deliveries)
        bound.opt(exception=exc).error("event handler failed")

    def buried(self, entry: Entry, cause: str) -> None:
        """Records that an entry became a dead letter."""
        self._processed.add(1, {"outcome": Outcome.DEAD})
        bound = logger.bind(entry_id=entry.entry_id, deliveries=entry.deliveries, cause=cause)
        bound.error("event moved to dead letters")

    def dependency_unavailable(self, exc: Exception) -> None:
        """Records that events wait for a store or their issuer. Logged once per outage."""
        if not self._is_waiting:
            logger.bind(cause=str(exc)).warning("events wait: dependency unavailable")
        self._is_waiting = True

    def connected(self) -> None:
        """Records that events are received."""
        if self._connected is False:
            logger.info("events received again")
        self._connected = True

    def disconnected(self, exc: Exception) -> None:
        """Records that no events are received. Logged once per outage."""
        if self._connected is not False:
            logger.bind(cause=self._cause_of(exc)).warning("events not received")
        self._connected = False
        self.cause = self._cause_of(exc)

    @staticmethod
    def _cause_of(exc: Exception) -> str:
        if isinstance(exc, UnsupportedRedisError):
            return str(exc)
        # Only the type when there was no reply: the text of a driver's error may contain an address with its password.
        return describe_redis_failure(exc) if redis_code(exc) else type(exc).__name__

    @property
    def is_connected(self) -> bool:
        """Returns whether events are received."""
        return self._connected is True

    def _observe_waiting(self, _options: CallbackOptions) -> Iterable[Observation]:
        if self._backlog.unread is not None:
            yield Observation(self._backlog.unread, {"state": "unread"})
        yield Observation(self._backlog.pending, {"state": "pending"})

    def _observe_dead_letters(self, _options: CallbackOptions) -> Iterable[Observation]:
        return [Observation(self._backlog.dead_letters)]

    def _observe_connected(self, _options: CallbackOptions) -> Iterable[Observation]:
        return [Observation(int(self.is_connected))]
