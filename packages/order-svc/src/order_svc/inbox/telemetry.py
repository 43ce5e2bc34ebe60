"""What becomes of events: metrics, and a line in the log at each change."""

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

_delay = seconds_histogram("order_svc.events.delay", "From an event to the end of its effect here")


class Outcome(StrEnum):
    """What became of an entry this time."""

    DONE = "done"
    #: It had had its effect before.
    DUPLICATE = "duplicate"
    #: It will be tried again.
    FAILED = "failed"
    DEAD = "dead"


class InboxTelemetry:
    """The inbox reports to it."""

    def __init__(self) -> None:
        self._backlog = Backlog(None, 0, 0)
        self._connected: bool | None = None
        self._held_up = False
        #: Why nothing is received, once that is known.
        self.cause = "not yet connected"
        instruments = meter("order_svc.events")
        self._processed = instruments.create_counter(
            "order_svc.events.processed", unit="{event}", description="Deliveries of events, by what became of them"
        )
        from_zero(self._processed, *({"outcome": outcome} for outcome in Outcome))
        for name, observe, description in (
            ("waiting", self._observe_waiting, "Events that nobody has read, or that are not done with"),
            ("dead_letters", self._observe_dead_letters, "Events that were given up, and wait for an operator"),
            ("connected", self._observe_connected, "1 while events are received; without it, they wait"),
        ):
            instruments.create_observable_gauge(f"order_svc.events.{name}", [observe], description=description)

    def backlog(self, backlog: Backlog) -> None:
        """So much is to be done, as of now."""
        self._backlog = backlog

    def processed(self, event: Envelope, outcome: Outcome) -> None:
        """The event is done with."""
        self._processed.add(1, {"outcome": outcome})
        self._held_up = False
        if outcome is Outcome.DONE:
            _delay.record(max(0.0, time.time() - event.made_at_s))
        logger.bind(event_id=event.event_id, event_type=event.type, outcome=outcome).info("event processed")

    def failed(self, event: Envelope, entry: Entry, exc: Exception) -> None:
        """The event had no effect, or not all of it."""
        self._processed.add(1, {"outcome": Outcome.FAILED})
        bound = logger.bind(event_id=event.event_id, event_type=event.type, deliveries=entry.deliveries)
        bound.opt(exception=exc).error("event not processed")

    def buried(self, entry: Entry, cause: str) -> None:
        """The entry was given up."""
        self._processed.add(1, {"outcome": Outcome.DEAD})
        logger.bind(entry_id=entry.entry_id, deliveries=entry.deliveries).error("event given up: {}", cause)

    def held_up(self, exc: Exception) -> None:
        """What the effect needs is away; the event has to wait. Only the first report after a success says so."""
        if not self._held_up:
            logger.warning("events have to wait: {}", exc)
        self._held_up = True

    def connected(self) -> None:
        """Events are received."""
        if self._connected is False:
            logger.info("events are received again")
        self._connected = True

    def disconnected(self, exc: Exception) -> None:
        """Nothing is received now. Only the first report after a success says so."""
        if self._connected is not False:
            logger.warning("no events are received: {}", self._cause_of(exc))
        self._connected = False
        self.cause = self._cause_of(exc)

    @staticmethod
    def _cause_of(exc: Exception) -> str:
        if isinstance(exc, UnsupportedRedisError):
            return str(exc)
        # The type alone where no reply came: a driver's text may hold an address with its password.
        return describe_redis_failure(exc) if redis_code(exc) else type(exc).__name__

    @property
    def is_connected(self) -> bool:
        """Whether events are received."""
        return self._connected is True

    def _observe_waiting(self, _options: CallbackOptions) -> Iterable[Observation]:
        if self._backlog.unread is not None:
            yield Observation(self._backlog.unread, {"state": "unread"})
        yield Observation(self._backlog.pending, {"state": "pending"})

    def _observe_dead_letters(self, _options: CallbackOptions) -> Iterable[Observation]:
        return [Observation(self._backlog.dead_letters)]

    def _observe_connected(self, _options: CallbackOptions) -> Iterable[Observation]:
        return [Observation(int(self.is_connected))]
