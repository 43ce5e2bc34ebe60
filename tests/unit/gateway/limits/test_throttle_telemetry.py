from gateway.limits.outcome import Permit, Shed
from gateway.limits.throttle import Throttle, ThrottleConfig
from gateway.limits.throttle_telemetry import ThrottleTelemetry
from loguru import logger

from tests.running import process_metrics
from tests.unit.gateway.limits.methods import method
from tests.unit.gateway.metrics import RecordedMetrics

LABELS = {"upstream": "thing-svc", "rate_class": "default"}


class Setting:
    def __init__(self) -> None:
        self.now = 100.0
        self.recorded = RecordedMetrics()
        telemetry = ThrottleTelemetry(self.recorded.meter, lambda: self.now)
        config = ThrottleConfig(1, 1, max_queue=0, max_wait_s=1.0)
        self.limiter = Throttle([method("get")], config, telemetry, lambda: self.now).limiter("get")

    def shown(self, name: str) -> list[tuple[dict[str, str], float]]:
        return self.recorded.points(f"headrace.gateway.throttle.{name}")


async def test_state_of_a_limiter_is_observed() -> None:
    setting = Setting()
    assert isinstance(await setting.limiter.acquire("get"), Permit)
    assert setting.shown("limit") == [(LABELS, 1)]
    assert setting.shown("in_use") == [(LABELS, 1)]
    assert setting.shown("waiting") == [(LABELS, 0)]


async def test_rejections_are_counted_by_cause() -> None:
    setting = Setting()
    await setting.limiter.acquire("get")
    for _ in range(3):
        assert isinstance(await setting.limiter.acquire("get"), Shed)
    counts = {attributes["cause"]: count for attributes, count in setting.shown("sheds")}
    assert counts == {"queue_full": 3, "queue_slow": 0, "deadline": 0, "waited": 0, "client_share": 0}


def test_waits_are_timed() -> None:
    waits = process_metrics.Growth("headrace_gateway_throttle_wait_seconds_count")
    ThrottleTelemetry(RecordedMetrics().meter).limiter("thing-svc", "default").waited(0.2)
    assert waits.so_far() == [(LABELS, 1)]


async def test_overload_is_logged_once_when_it_begins() -> None:
    setting = Setting()
    lines: list[str] = []
    sink = logger.add(lines.append, format="{level} {message} {extra[upstream]} {extra[rate_class]} {extra[cause]}")
    await setting.limiter.acquire("get")
    for pause_s in (0.0, 9.0, 9.0, 11.0):
        setting.now += pause_s
        await setting.limiter.acquire("get")
    logger.remove(sink)
    assert len(lines) == 2
    assert lines[0] == "WARNING throttle overloaded thing-svc default queue_full\n"
