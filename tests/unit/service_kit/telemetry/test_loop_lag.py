"""The lag of the event loop, in the metrics."""

import time

from service_kit.telemetry.loop_lag import LoopLag

from tests.running import process_metrics
from tests.running.polling import in_time


async def test_loop_lag_shows_a_blocked_loop() -> None:
    process_metrics.collect()
    looks = process_metrics.value("headrace_event_loop_lag_seconds_count")
    late_s = process_metrics.value("headrace_event_loop_lag_seconds_sum")

    async def looked() -> bool | None:
        return process_metrics.value("headrace_event_loop_lag_seconds_count") > looks or None

    lag = LoopLag()
    async with lag.watched():
        await in_time(looked, within_s=10)
        time.sleep(1)  # noqa: ASYNC251 - to block the loop is the point

        async def shows_lag() -> bool | None:
            return process_metrics.value("headrace_event_loop_lag_seconds_sum") - late_s > 0.4 or None

        await in_time(shows_lag, within_s=10)
    assert lag.worst_s > 0.4
