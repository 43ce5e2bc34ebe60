"""Breakers in the log and in the metrics."""

from collections.abc import Iterable

from loguru import logger
from opentelemetry.metrics import CallbackOptions, Meter, Observation
from pybreaker import STATE_CLOSED, STATE_HALF_OPEN, STATE_OPEN

_NUMBERS = {STATE_CLOSED: 0, STATE_HALF_OPEN: 1, STATE_OPEN: 2}


class BreakerTelemetry:
    """Logs and counts every transition, and shows each breaker's state: 0 closed, 1 half open, 2 open.

    meter: where the instruments are made. upstreams: the names of the breakers to show.
    """

    def __init__(self, meter: Meter, upstreams: Iterable[str]) -> None:
        self._states = dict.fromkeys(upstreams, STATE_CLOSED)
        self._transitions = meter.create_counter(
            "headrace.gateway.breaker.transitions", unit="{transition}", description="State changes of breakers."
        )
        meter.create_observable_gauge(
            "headrace.gateway.breaker.state",
            callbacks=[self._observe],
            description="State of the breaker of an upstream: 0 closed, 1 half open, 2 open.",
        )

    def on_change(self, upstream: str, old: str, new: str) -> None:
        """A breaker's state has changed."""
        self._states[upstream] = new
        self._transitions.add(1, {"upstream": upstream, "state": new})
        level = "INFO" if new == STATE_CLOSED else "WARNING"
        logger.bind(upstream=upstream, old=old, new=new).log(level, f"breaker of {upstream}: {old} -> {new}")

    def _observe(self, _options: CallbackOptions) -> Iterable[Observation]:
        return [Observation(_NUMBERS[state], {"upstream": upstream}) for upstream, state in self._states.items()]
