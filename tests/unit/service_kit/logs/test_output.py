"""When lines reach standard output."""

import asyncio
import threading

import pytest
from service_kit.logs.output import LineOutput


def test_outside_of_a_loop_lines_are_written_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    LineOutput().write("a", urgent=False)
    assert capsys.readouterr().out == "a\n"


async def test_lines_of_one_turn_are_written_together(capsys: pytest.CaptureFixture[str]) -> None:
    output = LineOutput()
    output.write("a", urgent=False)
    output.write("b", urgent=False)
    assert capsys.readouterr().out == ""

    await asyncio.sleep(0)

    assert capsys.readouterr().out == "a\nb\n"


async def test_an_urgent_line_is_written_at_once_and_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    output = LineOutput()
    output.write("a", urgent=False)
    output.write("b", urgent=True)
    assert capsys.readouterr().out == "a\nb\n"


async def test_no_line_of_another_thread_is_lost(capsys: pytest.CaptureFixture[str]) -> None:
    output = LineOutput()
    output.write("a", urgent=False)

    def write_many() -> None:
        for number in range(1000):
            output.write(f"t{number}", urgent=False)

    thread = threading.Thread(target=write_many)
    thread.start()
    await asyncio.to_thread(thread.join)
    assert sorted(capsys.readouterr().out.split()) == sorted(["a", *(f"t{number}" for number in range(1000))])
