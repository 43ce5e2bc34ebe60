from gateway.limits.throttle import Throttle, ThrottleTerms
from gateway.limits.throttle_telemetry import ThrottleTelemetry
from gateway.limits.turn import Place, Shed
from loguru import logger

from tests.running import process_metrics
from tests.unit.gateway.limits.methods import method
from tests.unit.gateway.metrics import RecordedMetrics

LANE = {"upstream": "thing-svc", "rate_class": "default"}


class Setting:
    def __init__(self) -> None:
        self.now = 100.0
        self.recorded = RecordedMetrics()
        telemetry = ThrottleTelemetry(self.recorded.meter, lambda: self.now)
        terms = ThrottleTerms(1, 1, max_queue=0, max_wait_s=1.0)
        self.lane = Throttle([method("get")], terms, telemetry, lambda: self.now).lane("get")

    def shown(self, name: str) -> list[tuple[dict[str, str], float]]:
        return self.recorded.points(f"headrace.gateway.throttle.{name}")


async def test_a_lane_shows_what_is_in_it() -> None:
    setting = Setting()
    assert isinstance(await setting.lane.enter("get"), Place)
    assert setting.shown("limit") == [(LANE, 1)]
    assert setting.shown("in_use") == [(LANE, 1)]
    assert setting.shown("waiting") == [(LANE, 0)]


async def test_refusals_are_counted_by_cause() -> None:
    setting = Setting()
    await setting.lane.enter("get")
    for _ in range(3):
        assert isinstance(await setting.lane.enter("get"), Shed)
    counts = {attributes["cause"]: count for attributes, count in setting.shown("sheds")}
    assert counts == {"queue_full": 3, "queue_slow": 0, "deadline": 0, "waited": 0, "client_share": 0}


def test_waits_are_timed() -> None:
    waits = process_metrics.Growth("headrace_gateway_throttle_wait_seconds_count")
    ThrottleTelemetry(RecordedMetrics().meter).lane("thing-svc", "default").waited(0.2)
    assert waits.so_far() == [(LANE, 1)]


async def test_overload_is_logged_when_it_begins() -> None:
    setting = Setting()
    lines: list[str] = []
    sink = logger.add(lines.append, format="{level} {message}")
    await setting.lane.enter("get")
    for pause_s in (0.0, 9.0, 9.0, 11.0):
        setting.now += pause_s
        await setting.lane.enter("get")
    logger.remove(sink)
    assert len(lines) == 2
    assert lines[0].startswith("WARNING the way to thing-svc (default) is overloaded")
