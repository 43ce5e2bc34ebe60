"""Batching of log lines."""

import asyncio
import threading

import pytest
from service_kit.logs.output import LineOutput


def test_lines_outside_of_a_loop_are_written_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    LineOutput().write("a", urgent=False)
    assert capsys.readouterr().out == "a\n"


async def test_lines_of_one_loop_iteration_are_written_together(capsys: pytest.CaptureFixture[str]) -> None:
    output = LineOutput()
    output.write("a", urgent=False)
    output.write("b", urgent=False)
    assert capsys.readouterr().out == ""

    await asyncio.sleep(0)

    assert capsys.readouterr().out == "a\nb\n"


async def test_urgent_line_is_written_at_once_and_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    output = LineOutput()
    output.write("a", urgent=False)
    output.write("b", urgent=True)
    assert capsys.readouterr().out == "a\nb\n"


async def test_lines_of_other_threads_are_not_lost(capsys: pytest.CaptureFixture[str]) -> None:
    output = LineOutput()
    output.write("a", urgent=False)

    def write_many() -> None:
        for number in range(1000):
            output.write(f"t{number}", urgent=False)

    thread = threading.Thread(target=write_many)
    thread.start()
    await asyncio.to_thread(thread.join)
    assert sorted(capsys.readouterr().out.split()) == sorted(["a", *(f"t{number}" for number in range(1000))])
