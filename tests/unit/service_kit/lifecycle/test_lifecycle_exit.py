"""Exits of a process: by a second signal or by its countdown, and not by the end of a background task."""

import signal
import subprocess
import sys
import textwrap
import time

import pytest
from service_kit.lifecycle import lifecycle


def start_process(body: str, drain_s: float) -> "subprocess.Popen[str]":
    head = textwrap.dedent("""
        import asyncio, sys, time
        from dataclasses import dataclass
        from service_kit import logs
        from service_kit.cli import command
        from service_kit.lifecycle import Lifecycle

        @dataclass(frozen=True)
        class Settings:
            pass

        async def serve(_settings):
            logs.configure(service="demo", version="1", level="INFO", form="json")
            async with Lifecycle(drain_s=DRAIN_S) as life:
                await set_up(life)
                await life.run()
    """)
    tail = 'sys.exit(command(Settings, program="p", description="d", prefix="P_", serve=serve, arguments=[]))'
    program = head.replace("DRAIN_S", str(drain_s)) + textwrap.dedent(body) + "\n" + tail
    return subprocess.Popen([sys.executable, "-u", "-c", program], stdout=subprocess.PIPE, stderr=None, text=True)


def wait_for(process: "subprocess.Popen[str]", text: str) -> str:
    assert process.stdout is not None
    seen = ""
    for line in process.stdout:
        seen += line
        if text in line:
            return seen
    raise AssertionError(seen)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_during_the_start_shuts_down_gracefully(number: signal.Signals) -> None:
    body = """
        async def set_up(life):
            life.on_drain("server", drain)
            print("listening")
            await asyncio.sleep(60)  # the rest of its start

        async def drain(_left_s):
            print("drained")
    """
    with start_process(body, drain_s=1) as process:
        wait_for(process, "listening")
        process.send_signal(number)
        wait_for(process, "drained")
        assert process.wait(10) == 0


def test_second_signal_exits_at_once() -> None:
    body = """
        async def set_up(life):
            life.on_drain("hanging", asyncio.sleep)
    """
    with start_process(body, drain_s=30) as process:
        wait_for(process, '"ready"')
        process.send_signal(signal.SIGTERM)
        wait_for(process, "draining")
        process.send_signal(signal.SIGINT)
        assert process.wait(5) == 128 + signal.SIGINT


def test_blocked_event_loop_exits_after_the_drain_time() -> None:
    body = """
        async def block(_left_s):
            time.sleep(60)

        async def set_up(life):
            life.on_drain("blocking", block)
    """
    with start_process(body, drain_s=0.2) as process:
        wait_for(process, '"ready"')
        process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        assert process.wait(10) == 1
        assert time.monotonic() - began < 0.2 + lifecycle._CLOSING_S + 1


def test_failed_background_task_is_logged_and_does_not_end_the_process() -> None:
    body = """
        async def die():
            await asyncio.sleep(0.05)
            raise OSError("gone")

        async def set_up(life):
            life.start("renewal", die)
    """
    with start_process(body, drain_s=1) as process:
        seen = wait_for(process, "background task ended") + wait_for(process, "background task ended")
        process.send_signal(signal.SIGTERM)
        wait_for(process, "stopped")
        assert process.wait(5) == 0
    assert "OSError: gone" in seen
    assert '"task": "renewal"' in seen or '"task":"renewal"' in seen
