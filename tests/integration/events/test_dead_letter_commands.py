"""The command `order-svc dead-letters`."""

import asyncio
import json
import os
import subprocess
import sys

import pytest
from order_svc.inbox.dead_letters import DeadLetter

from tests.examples.user_events import an_event
from tests.integration.events.platform import Platform
from tests.running.polling import in_time
from tests.running.restartable_redis import RestartableRedis

_NO_LETTER = "1-1"


async def command(redis_url: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Runs `order-svc dead-letters …` and returns its result."""
    environ = {
        "PATH": os.environ["PATH"],
        "ORDER_SVC_DATABASE_URL": "postgresql://127.0.0.1:1/orders",
        "ORDER_SVC_KEY_SET_UPSTREAM": "127.0.0.1:1",
        "ORDER_SVC_REDIS_URL": redis_url,
    }
    line = [sys.executable, "-m", "order_svc", "dead-letters", *arguments]
    return await asyncio.to_thread(
        subprocess.run, line, env=environ, capture_output=True, text=True, timeout=60, check=False
    )


async def test_commands_list_replay_and_drop_dead_letters(platform: Platform) -> None:
    none = await command(platform.redis_url, "list")
    assert (none.returncode, none.stdout) == (0, "there are no dead letters\n")

    event = an_event()
    async with platform.relaying() as relay, platform.receiving():
        await platform.write(event)
        relay.wake()
        (letter,) = await platform.dead_letters(1)

        listed = (await command(platform.redis_url, "list")).stdout.splitlines()
        assert listed[0].split() == ["ID", "GIVEN", "UP", "AT", "EVENT", "TYPE", "DELIVERIES", "CAUSE"]
        assert listed[1].split()[0] == letter.letter_id
        assert listed[1].endswith(f"{event.event_id}  user.v1.Renamed  1           unknown type: user.v1.Renamed")
        (row,) = json.loads((await command(platform.redis_url, "list", "--json")).stdout)
        assert (row["letter_id"], row["fields"]["event_id"]) == (letter.letter_id, event.event_id)

        replayed = await command(platform.redis_url, "replay", letter.letter_id)
        assert (replayed.returncode, replayed.stderr) == (0, "")

        async def another() -> DeadLetter | None:
            (now,) = await platform.dead_letters(1)
            return now if now.letter_id != letter.letter_id else None

        again = await in_time(another, within_s=20)

    replayed = await command(platform.redis_url, "replay", "--all")
    assert (replayed.returncode, replayed.stdout) == (0, f"handed {again.letter_id} to the service again\n")
    async with platform.receiving():
        (last,) = await platform.dead_letters(1)
    dropped = await command(platform.redis_url, "drop", last.letter_id)
    assert (dropped.returncode, dropped.stdout) == (0, f"dropped {last.letter_id}\n")
    await platform.dead_letters(0)


@pytest.mark.parametrize("verb", ["replay", "drop"])
async def test_unknown_dead_letter_is_an_error(platform: Platform, verb: str) -> None:
    failed = await command(platform.redis_url, verb, _NO_LETTER)
    assert failed.returncode == 1
    assert failed.stderr == f"order-svc dead-letters {verb}: 1-1: there is no such dead letter\n"
    assert (await command(platform.redis_url, verb)).returncode == 2


async def test_unavailable_redis_is_reported(platform: Platform, own_redis: RestartableRedis) -> None:
    own_redis.kill()
    failed = await command(platform.redis_url, "list")
    assert failed.returncode == 1
    assert failed.stderr == "order-svc dead-letters: redis is unavailable: ConnectionError\n"
