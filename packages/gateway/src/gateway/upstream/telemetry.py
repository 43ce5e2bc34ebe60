"""Upstreams in the log and in the metrics."""

from collections.abc import Callable, Iterable, Sequence

from loguru import logger
from opentelemetry.metrics import CallbackOptions, Meter, Observation
from pybreaker import STATE_CLOSED, STATE_HALF_OPEN, STATE_OPEN
from service_kit.telemetry.metrics import from_zero

from gateway.upstream.address import Address
from gateway.upstream.endpoint import Endpoint
from gateway.upstream.retry_budget import RetryBudget

_NUMBERS = {STATE_CLOSED: 0, STATE_HALF_OPEN: 1, STATE_OPEN: 2}
#: What can come of a call that was to be sent again.
_TRIED = ("no_address", "answered", "failed")
_SENT_AGAIN = (
    *({"kind": "move", "outcome": outcome} for outcome in _TRIED),
    *({"kind": "retry", "outcome": outcome} for outcome in (*_TRIED, "no_time", "no_budget")),
)
#: So many addresses of an upstream have a label of their own in the life of a process; the rest share one.
_LABELS = 64
_OTHER = "other"


class UpstreamTelemetry:
    """Counts what upstreams do, and shows what state their addresses are in.

    meter: where the instruments are made.
    """

    def __init__(self, meter: Meter) -> None:
        self._observed: dict[str, tuple[Callable[[], Sequence[Endpoint]], RetryBudget]] = {}
        self._labels: dict[str, dict[Address, str]] = {}
        self._transitions = meter.create_counter(
            "headrace.gateway.breaker.transitions", unit="{transition}", description="State changes of breakers."
        )
        self._sent_again = meter.create_counter(
            "headrace.gateway.upstream.retries",
            unit="{call}",
            description="Calls that failed and could be sent again: moved, as they never ran, or retried; by outcome.",
        )
        self._resolutions = meter.create_counter(
            "headrace.gateway.upstream.resolutions", unit="{resolution}", description="Look-ups of upstreams' names."
        )
        self._observe(meter, "breaker.state", "Breaker of an address: 0 closed, 1 half open, 2 open.", _breaker)
        self._observe(meter, "upstream.standing", "0 ready, 1 unconnected, 2 leaving, 3 broken.", _standing)
        self._observe(meter, "upstream.active_calls", "Calls in progress at an address.", _active_calls)
        meter.create_observable_gauge(
            "headrace.gateway.upstream.retry_budget",
            callbacks=[self._budgets],
            unit="{retry}",
            description="Retries that are saved up.",
        )

    def observe(self, upstream: str, endpoints: Callable[[], Sequence[Endpoint]], budget: RetryBudget) -> None:
        """Show an upstream from now on. endpoints: those that it has at the moment."""
        self._observed[upstream] = (endpoints, budget)
        from_zero(self._sent_again, *({"upstream": upstream, **what} for what in _SENT_AGAIN))
        from_zero(self._resolutions, *({"upstream": upstream, "outcome": outcome} for outcome in ("ok", "failed")))

    def appeared(self, upstream: str, address: Address) -> None:
        """An address of an upstream is known from now on."""
        labels = {"upstream": upstream, "address": self._label(upstream, address)}
        from_zero(self._transitions, *({**labels, "state": state} for state in _NUMBERS))

    def breaker_changed(self, upstream: str, address: Address, old: str, new: str) -> None:
        """The breaker of an address has changed its state."""
        self._transitions.add(1, {"upstream": upstream, "address": self._label(upstream, address), "state": new})
        level = "INFO" if new == STATE_CLOSED else "WARNING"
        line = logger.bind(upstream=upstream, address=str(address), old=old, new=new)
        line.log(level, f"breaker of {upstream} at {address}: {old} -> {new}")

    def sent_again(self, upstream: str, kind: str, outcome: str) -> None:
        """A call was to be sent again. kind: "move" or "retry"."""
        self._sent_again.add(1, {"upstream": upstream, "kind": kind, "outcome": outcome})

    def resolved(self, upstream: str, went_well: bool) -> None:
        """The names of an upstream were looked up."""
        self._resolutions.add(1, {"upstream": upstream, "outcome": "ok" if went_well else "failed"})

    def _observe(self, meter: Meter, name: str, description: str, value: Callable[[Endpoint], int]) -> None:
        def of_all(_options: CallbackOptions) -> Iterable[Observation]:
            for upstream, (endpoints, _) in self._observed.items():
                for endpoint in endpoints():
                    labels = {"upstream": upstream, "address": self._label(upstream, endpoint.address)}
                    yield Observation(value(endpoint), labels)

        meter.create_observable_gauge(f"headrace.gateway.{name}", callbacks=[of_all], description=description)

    def _budgets(self, _options: CallbackOptions) -> Iterable[Observation]:
        return [Observation(budget.left, {"upstream": name}) for name, (_, budget) in self._observed.items()]

    def _label(self, upstream: str, address: Address) -> str:
        labels = self._labels.setdefault(upstream, {})
        if address not in labels and len(labels) < _LABELS:
            labels[address] = str(address)
        return labels.get(address, _OTHER)


def _breaker(endpoint: Endpoint) -> int:
    return _NUMBERS[endpoint.breaker.state]


def _standing(endpoint: Endpoint) -> int:
    return endpoint.standing


def _active_calls(endpoint: Endpoint) -> int:
    return endpoint.in_flight
