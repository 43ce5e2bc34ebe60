"""promtool checks the exposition of every process."""

import asyncio
import subprocess

import pytest

from tests.observability.promtool import promtool_program
from tests.observability.traffic import everyday_traffic
from tests.running.exposition import exposition
from tests.running.stacks import Stack


@pytest.fixture(scope="module")
def busy(stack: Stack) -> Stack:
    """A platform that has seen every kind of traffic."""
    asyncio.run(everyday_traffic(stack))
    return stack


@pytest.mark.parametrize("process", ["gateway", "user-svc", "order-svc"])
def test_promtool_accepts_the_exposition(process: str, busy: Stack) -> None:
    text = exposition(busy.admin_url(process))
    assert "db_client_operation_duration_seconds_count{" in text
    done = subprocess.run(
        [promtool_program(), "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
