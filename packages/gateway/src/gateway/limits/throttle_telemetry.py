"""The throttle in the log and in the metrics."""

from collections.abc import Callable, Iterable, Mapping
from time import monotonic
from typing import Protocol

from loguru import logger
from opentelemetry.metrics import CallbackOptions, Meter, Observation
from service_kit.telemetry.seconds_histogram import seconds_histogram

from gateway.limits.turn import ShedCause

#: A lane that has sent nobody away for so long (seconds) is no longer overloaded.
_OVER_AFTER_S = 10.0

_waits = seconds_histogram(
    "headrace.gateway.throttle.wait", "How long requests waited that had to, by lane.", "upstream", "rate_class"
)


class LaneState(Protocol):
    """What there is to see of a lane."""

    @property
    def limit(self) -> int: ...

    @property
    def in_use(self) -> int: ...

    @property
    def waiting(self) -> int: ...


class LaneTelemetry:
    """Counts what happens in one lane, and logs when it begins to send requests away."""

    def __init__(self, name: str, attributes: Mapping[str, str], now: Callable[[], float]) -> None:
        self.attributes = attributes
        # Read when scraped: to send a request away has to cost as little as can be.
        self.sheds = dict.fromkeys(ShedCause, 0)
        self._name = name
        self._now = now
        self._last_shed_at = float("-inf")

    def waited(self, seconds: float) -> None:
        """A request has waited for so long, whether it got a place or not."""
        _waits.record(seconds, *self.attributes.values())

    def shed(self, cause: ShedCause, limit: int) -> None:
        """A request is sent away."""
        self.sheds[cause] += 1
        if cause is ShedCause.CLIENT_SHARE:
            return  # one client asks for too much: the lane has room for the others
        now = self._now()
        if now - self._last_shed_at > _OVER_AFTER_S:
            logger.warning("{} is overloaded: requests are sent away ({}; {} inside)", self._name, cause.value, limit)
        self._last_shed_at = now


class ThrottleTelemetry:
    """Makes the telemetry of lanes, and shows each lane's limit, places in use, queue, and refusals by cause."""

    def __init__(self, meter: Meter, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._lanes: list[tuple[LaneTelemetry, LaneState]] = []
        meter.create_observable_counter(
            "headrace.gateway.throttle.sheds",
            callbacks=[self._observe_sheds],
            unit="{request}",
            description="Requests sent away, by lane and cause.",
        )
        for name, description in (
            ("limit", "Requests that may be inside at once, by lane."),
            ("in_use", "Requests inside, by lane."),
            ("waiting", "Requests in the queue, by lane."),
        ):
            meter.create_observable_gauge(
                f"headrace.gateway.throttle.{name}", callbacks=[self._observer(name)], description=description
            )

    def lane(self, upstream: str, rate_class: str) -> LaneTelemetry:
        """The telemetry of the lane for an upstream and a rate class."""
        attributes = {"upstream": upstream, "rate_class": rate_class}
        return LaneTelemetry(f"the way to {upstream} ({rate_class})", attributes, self._now)

    def show(self, telemetry: LaneTelemetry, lane: LaneState) -> None:
        """Have the lane's state read whenever metrics are."""
        self._lanes.append((telemetry, lane))

    def _observer(self, name: str) -> Callable[[CallbackOptions], Iterable[Observation]]:
        return lambda _options: [Observation(getattr(lane, name), told.attributes) for told, lane in self._lanes]

    def _observe_sheds(self, _options: CallbackOptions) -> Iterable[Observation]:
        return [
            Observation(count, {**told.attributes, "cause": cause.value})
            for told, _ in self._lanes
            for cause, count in told.sheds.items()
        ]
