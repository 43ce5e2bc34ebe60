"""When metrics are read, and what is remembered."""

import asyncio

from gateway.status.reading import Sample
from gateway.status.watch import EVERY_S, HISTORY_EVERY_S, HISTORY_S, WINDOW_S, Watch
from service_kit.telemetry.loop_lag import LoopLag

from tests.unit.gateway.status.samples import requests


class Process:
    """Answers ten requests a second, and counts how often its metrics are read."""

    def __init__(self) -> None:
        self.now = 100.0
        self.reads = 0
        self.watch = Watch(self._samples, LoopLag(), now=lambda: self.now)

    def _samples(self) -> list[Sample]:
        self.reads += 1
        return requests((round(10 * self.now), 0, 0, 0))

    def look_for(self, seconds: int) -> None:
        for _ in range(seconds):
            self.watch.look()
            self.now += EVERY_S


def test_metrics_are_read_once_a_second_at_most_while_a_client_polls() -> None:
    process = Process()
    assert process.reads == 0
    first = process.watch.look()
    process.now += EVERY_S / 2
    assert process.watch.look() == first
    assert process.reads == 1
    process.now += EVERY_S / 2
    process.watch.look()
    assert process.reads == 2


def test_rates_are_of_the_window() -> None:
    process = Process()
    process.look_for(20)
    view = process.watch.look()
    assert WINDOW_S <= view.change.seconds <= WINDOW_S + EVERY_S
    assert [point["requests_per_s"] for _, point in view.points] == [None, *[10.0] * 20]


def test_the_past_ends_somewhere() -> None:
    process = Process()
    process.look_for(500)
    view = process.watch.look()
    assert len(view.points) == HISTORY_S / EVERY_S + 1


async def test_the_past_before_the_first_look_is_kept() -> None:
    process = Process()
    keeping = asyncio.create_task(process.watch.keep_history())
    await asyncio.sleep(0)
    keeping.cancel()
    assert process.reads == 1

    for _ in range(3):
        process.now += HISTORY_EVERY_S
        process.watch.note_past()
    process.now += EVERY_S

    # The first look has nothing to compare with: its rates follow a second later.
    assert [point["requests_per_s"] for _, point in process.watch.look().points] == [None, 10.0, 10.0, 10.0, None]


def test_while_a_client_looks_on_no_further_points_are_added() -> None:
    process = Process()
    process.look_for(3)
    process.now -= EVERY_S / 2
    process.watch.note_past()
    assert process.reads == 3


def test_after_a_gap_the_charts_begin_anew() -> None:
    process = Process()
    process.look_for(20)
    process.now += 3600
    view = process.watch.look()
    assert [point["requests_per_s"] for _, point in view.points] == [None]
