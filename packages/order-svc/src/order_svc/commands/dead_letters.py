"""`order-svc dead-letters list`, `replay` and `drop`: what is to become of events that were given up."""

import asyncio
import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import asdict

from redis.exceptions import RedisError
from service_kit.cli import Subcommand
from service_kit.redis.connection import own_connection

from order_svc.inbox.background import GROUP
from order_svc.inbox.dead_letters import DeadLetter, DeadLetters, Replay
from order_svc.inbox.group import TIMEOUT_S
from order_svc.inbox.user_events import STREAM
from order_svc.settings import Settings

_FAILED = 1
_HEADINGS = ("ID", "GIVEN UP AT", "EVENT", "TYPE", "DELIVERIES", "CAUSE")
_REFUSALS = {Replay.UNKNOWN: "there is no such dead letter", Replay.ENTRY_GONE: "the stream does not hold it any more"}


def _on_redis(run: Callable[[DeadLetters, Namespace], Awaitable[int]]) -> Callable[[Settings, Namespace], int]:
    async def connected(settings: Settings, arguments: Namespace) -> int:
        url = settings.redis_url.reveal()
        async with own_connection(url, "dead-letters", connect_timeout_s=TIMEOUT_S, decode=False) as redis:
            return await run(DeadLetters(redis, STREAM, GROUP), arguments)

    def told(settings: Settings, arguments: Namespace) -> int:
        try:
            return asyncio.run(connected(settings, arguments))
        except (RedisError, OSError) as exc:
            sys.stderr.write(f"order-svc dead-letters: redis does not answer: {type(exc).__name__}\n")
            return _FAILED

    return told


async def _list(letters: DeadLetters, arguments: Namespace) -> int:
    found = await letters.all()
    if arguments.json:
        _say(json.dumps([{**asdict(each), "buried_at": _time(each)} for each in found], indent=2))
    elif found:
        _say("\n".join(_table(found)))
    else:
        _say("there are no dead letters")
    return 0


async def _replay(letters: DeadLetters, arguments: Namespace) -> int:
    code = 0
    for letter_id in await _chosen(letters, arguments):
        outcome = await letters.replay(letter_id)
        if outcome is Replay.DONE:
            _say(f"handed {letter_id} to the service again")
        else:
            sys.stderr.write(f"order-svc dead-letters replay: {letter_id}: {_REFUSALS[outcome]}\n")
            code = _FAILED
    return code


async def _drop(letters: DeadLetters, arguments: Namespace) -> int:
    code = 0
    for letter_id in await _chosen(letters, arguments):
        if await letters.drop(letter_id):
            _say(f"dropped {letter_id}")
        else:
            sys.stderr.write(f"order-svc dead-letters drop: {letter_id}: {_REFUSALS[Replay.UNKNOWN]}\n")
            code = _FAILED
    return code


async def _chosen(letters: DeadLetters, arguments: Namespace) -> list[str]:
    return [each.letter_id for each in await letters.all()] if arguments.all else arguments.ids


def _table(found: list[DeadLetter]) -> Iterator[str]:
    rows = [_HEADINGS, *(_row(each) for each in found)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()


def _row(each: DeadLetter) -> tuple[str, ...]:
    event_id, type_ = each.fields.get("event_id", "-"), each.fields.get("type", "-")
    return (each.letter_id, _time(each), event_id, type_, str(each.deliveries), each.cause)


def _time(each: DeadLetter) -> str:
    return each.buried_at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


def _configure_list(parser: ArgumentParser) -> None:
    parser.description = "Shows the events that were given up, oldest first: when (UTC), and why."
    parser.add_argument("--json", action="store_true", help="as a JSON array, with all fields")


def _configure_choice(parser: ArgumentParser) -> None:
    choice = parser.add_mutually_exclusive_group(required=True)
    choice.add_argument("ids", metavar="ID", nargs="*", default=[], help="of a dead letter, as `list` shows it")
    choice.add_argument("--all", action="store_true", help="every dead letter that there is now")


LIST = Subcommand("dead-letters list", "show the events that were given up", _on_redis(_list), _configure_list)
REPLAY = Subcommand(
    "dead-letters replay", "hand them to the service again, as new", _on_redis(_replay), _configure_choice
)
DROP = Subcommand("dead-letters drop", "forget them: nobody will process them", _on_redis(_drop), _configure_choice)
