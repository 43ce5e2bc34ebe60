"""How late the event loop is, in the metrics."""

import time

from service_kit.telemetry.loop_lag import LoopLag

from tests.running import process_metrics
from tests.running.polling import in_time


async def test_a_loop_that_was_blocked_is_seen_to_be_late() -> None:
    process_metrics.collect()
    looks = process_metrics.value("headrace_event_loop_lag_seconds_count")
    late_s = process_metrics.value("headrace_event_loop_lag_seconds_sum")

    async def looked() -> bool | None:
        return process_metrics.value("headrace_event_loop_lag_seconds_count") > looks or None

    lag = LoopLag()
    async with lag.watched():
        await in_time(looked, within_s=10)
        time.sleep(1)  # noqa: ASYNC251 - to block the loop is the point

        async def told() -> bool | None:
            return process_metrics.value("headrace_event_loop_lag_seconds_sum") - late_s > 0.4 or None

        await in_time(told, within_s=10)
    assert lag.worst_s > 0.4
