"""The throttle under load: hours of it in virtual time, always with the same random numbers."""

import math
import random
from collections.abc import Callable

from gateway.limits.concurrency_limiter import ConcurrencyLimiter
from gateway.limits.throttle import Throttle, ThrottleConfig
from gateway.limits.throttle_telemetry import ThrottleTelemetry
from service_kit.contract.policy import RateClass

from tests.unit.gateway.limits.methods import method
from tests.unit.gateway.limits.simulation import Seen, Server, Stream, now, offer, percentile
from tests.unit.gateway.limits.virtual_time import run
from tests.unit.gateway.metrics import RecordedMetrics

FLOOR = 8


class World:
    """Limiters of two upstreams, and the servers behind them."""

    def __init__(self, cores: int, floor: int = FLOOR, ceiling: int = 256) -> None:
        self.chance = random.Random(7)  # noqa: S311
        self.server = Server(cores)
        methods = [method("get"), method("count"), method("far", upstream="far-svc")]
        config = ThrottleConfig(floor, ceiling, max_queue=512, max_wait_s=1.0)
        self.throttle = Throttle(methods, config, ThrottleTelemetry(RecordedMetrics().meter, now), now)

    @property
    def limiter(self) -> ConcurrencyLimiter:
        return self.throttle.limiter("get")

    async def offer(self, seconds: float, *streams: Stream) -> Seen:
        return await offer(self.throttle.limiter(streams[0].method), self.server, seconds, *streams, chance=self.chance)

    def about(self, mean_s: float) -> Callable[[], float]:
        """Exponentially distributed."""
        return lambda: self.chance.expovariate(1 / mean_s)

    def erratic(self, mean_s: float) -> Callable[[], float]:
        """Lognormal, with a tail: one in a hundred takes ten times as long as the mean."""
        sigma = 1.5
        return lambda: self.chance.lognormvariate(math.log(mean_s) - sigma**2 / 2, sigma)


def test_throughput_is_kept_at_ten_times_the_load_and_the_rest_is_rejected_at_once() -> None:
    async def scenario() -> None:
        world = World(cores=1)
        await world.offer(5, Stream(100, world.about(0.002)))
        seen = await world.offer(6, Stream(5000, world.about(0.002)))
        assert seen.answered["get"] / 6 > 0.9 * 500
        assert percentile(seen.refusals_s, 0.99) == 0
        assert percentile(seen.answers_s, 0.99) < 1.1
        assert FLOOR < world.limiter.limit < 64

    run(scenario())


def test_no_request_is_rejected_after_an_overload() -> None:
    async def scenario() -> None:
        world = World(cores=1)
        await world.offer(4, Stream(5000, world.about(0.002)))
        await world.offer(2, Stream(100, world.about(0.002)))
        seen = await world.offer(10, Stream(400, world.about(0.002)))
        assert (seen.shed, seen.timed_out) == (0, 0)

    run(scenario())


def test_limit_grows_to_the_capacity_of_the_upstream() -> None:
    async def scenario() -> None:
        world = World(cores=200)
        await world.offer(10, Stream(300, world.about(0.3)))
        seen = await world.offer(20, Stream(300, world.about(0.3)))
        assert seen.shed == 0
        assert seen.timed_out < 30
        assert world.limiter.limit > 90

    run(scenario())


def test_limit_does_not_shrink_by_chance() -> None:
    async def scenario() -> None:
        world = World(cores=100)
        began_with = world.limiter.limit
        seen = await world.offer(60, Stream(200, world.erratic(0.04)))
        assert seen.shed == 0
        assert world.limiter.limit >= began_with

    run(scenario())


def test_limit_does_not_shrink_for_slow_methods_beside_fast_ones() -> None:
    async def scenario() -> None:
        world = World(cores=50)
        streams = Stream(50, world.about(0.003)), Stream(60, world.about(0.25), "count")
        began_with = world.limiter.limit
        seen = await world.offer(30, *streams)
        assert seen.shed == 0
        assert seen.timed_out < 10
        assert world.limiter.limit >= began_with

    run(scenario())


def test_overload_by_a_mixture_keeps_the_throughput_of_each_method() -> None:
    async def scenario() -> None:
        world = World(cores=2)
        mixture = [Stream(10, world.about(0.003)), Stream(10, world.about(0.04), "count")]
        await world.offer(10, *mixture)
        ten_times = [Stream(460, each.work_s, each.method) for each in mixture]
        seen = await world.offer(12, *ten_times)
        # Together 0.043 s of work, on two cores.
        for name in ("get", "count"):
            assert seen.answered[name] / 12 > 0.8 * 46
        assert percentile(seen.refusals_s, 0.95) == 0

    run(scenario())


def test_throttle_recovers_after_a_stall() -> None:
    async def scenario() -> None:
        world = World(cores=1)
        await world.offer(10, Stream(300, world.about(0.002)))
        world.server.slowdown = 500.0
        await world.offer(1, Stream(300, world.about(0.002)))
        world.server.slowdown = 1.0
        await world.offer(3, Stream(300, world.about(0.002)))
        seen = await world.offer(10, Stream(300, world.about(0.002)))
        assert (seen.shed, seen.timed_out) == (0, 0)

    run(scenario())


def test_slower_upstream_becomes_the_new_baseline() -> None:
    async def scenario() -> None:
        world = World(cores=200)
        await world.offer(10, Stream(400, world.about(0.05)))
        world.server.slowdown = 5.0
        await world.offer(15, Stream(400, world.about(0.05)))
        seen = await world.offer(20, Stream(400, world.about(0.05)))
        assert seen.shed == 0
        assert world.limiter.limit > 100

    run(scenario())


def test_requests_that_clients_abandon_count_as_load() -> None:
    async def scenario() -> None:
        world = World(cores=1)
        await world.offer(5, Stream(100, world.about(0.002)))
        await world.offer(4, Stream(5000, world.about(0.002), timeout_s=0.1))
        assert world.limiter.limit < 50

    run(scenario())


def test_hanging_upstream_does_not_delay_others() -> None:
    async def scenario() -> None:
        world = World(cores=100)
        await world.offer(2, Stream(100, lambda: 60.0, "far"))
        assert world.throttle.limiter("far").waiting
        seen = await world.offer(5, Stream(100, world.about(0.005)))
        assert (seen.shed, seen.timed_out) == (0, 0)

    run(scenario())


def test_rate_classes_of_one_upstream_have_separate_limiters() -> None:
    methods = [method("get"), method("login", rate_class=RateClass.CREDENTIALS), method("count")]
    config = ThrottleConfig(FLOOR, 256, max_queue=512, max_wait_s=1.0)
    throttle = Throttle(methods, config, ThrottleTelemetry(RecordedMetrics().meter))
    assert throttle.limiter("get") is throttle.limiter("count")
    assert throttle.limiter("get") is not throttle.limiter("login")
