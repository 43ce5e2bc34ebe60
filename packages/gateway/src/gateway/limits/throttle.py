"""Bounded concurrency for all that the contract has."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from time import monotonic

from service_kit.contract import Method

from gateway.limits.adaptive_limit import AdaptiveLimit
from gateway.limits.lane import Lane
from gateway.limits.throttle_telemetry import ThrottleTelemetry


@dataclass(frozen=True, slots=True)
class ThrottleTerms:
    """What holds for each lane.

    floor, ceiling: bounds of the number of requests inside. max_queue: how many may wait for a place, and max_wait_s:
    for how long each, in seconds.
    """

    floor: int
    ceiling: int
    max_queue: int
    max_wait_s: float


class Throttle:
    """A lane for each upstream and rate class, so that a crowd is in nobody else's way.

    A slow upstream does not take the places of those who want another one, nor a storm of logins those of everyday
    calls. methods: all that will be asked for.
    """

    def __init__(
        self,
        methods: Iterable[Method],
        terms: ThrottleTerms,
        telemetry: ThrottleTelemetry,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._terms = terms
        self._telemetry = telemetry
        self._now = now
        self._lanes: dict[tuple[str, str], Lane] = {}
        self._by_method = {method.full_name: self._lane_for(method) for method in methods}

    def lane(self, method: str) -> Lane:
        """The lane of a method, by its full name."""
        return self._by_method[method]

    def _lane_for(self, method: Method) -> Lane:
        name = (method.upstream, method.policy.rate_class.value)
        if name not in self._lanes:
            told = self._telemetry.lane(*name)
            self._lanes[name] = lane = Lane(
                AdaptiveLimit(self._terms.floor, self._terms.ceiling),
                max_queue=self._terms.max_queue,
                max_wait_s=self._terms.max_wait_s,
                calm=self._calm,
                told=told,
                now=self._now,
            )
            self._telemetry.show(told, lane)
        return self._lanes[name]

    def _calm(self) -> bool:
        # All lanes share one event loop, so that a crowd in one is felt in every other.
        return not any(lane.crowded for lane in self._lanes.values())
