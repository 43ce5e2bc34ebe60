"""`order-svc dead-letters list`, `replay` and `drop`: decide about events that were given up."""

import asyncio
import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import asdict

from redis.exceptions import RedisError
from service_kit.cli import Subcommand
from service_kit.redis.client import own_connection

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

    def run_command(settings: Settings, arguments: Namespace) -> int:
        try:
            return asyncio.run(connected(settings, arguments))
        except (RedisError, OSError) as exc:
            sys.stderr.write(f"order-svc dead-letters: redis is unavailable: {type(exc).__name__}\n")
            return _FAILED

    return run_command


async def _list(letters: DeadLetters, arguments: Namespace) -> int:
    found = await letters.all()
    if arguments.json:
        _print_line(json.dumps([{**asdict(each), "buried_at": _time(each)} for each in found], indent=2))
    elif found:
        _print_line("\n".join(_table(found)))
    else:
        _print_line("there are no dead letters")
    return 0


async def _replay(letters: DeadLetters, arguments: Namespace) -> int:
    code = 0
    for letter_id in await _chosen(letters, arguments):
        outcome = await letters.replay(letter_id)
        if outcome is Replay.DONE:
            _print_line(f"handed {letter_id} to the service again")
        else:
            sys.stderr.write(f"order-svc dead-letters replay: {letter_id}: {_REFUSALS[outcome]}\n")
            code = _FAILED
    return code


async def _drop(letters: DeadLetters, arguments: Namespace) -> int:
    code = 0
    for letter_id in await _chosen(letters, arguments):
        if await letters.drop(letter_id):
            _print_line(f"dropped {letter_id}")
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


def _print_line(text: str) -> None:
    sys.stdout.write(text + "\n")


def _configure_list(parser: ArgumentParser) -> None:
    parser.description = "Lists the events that were given up, oldest first, with time (UTC) and cause."
    parser.add_argument("--json", action="store_true", help="print a JSON array with all fields")


def _configure_choice(parser: ArgumentParser) -> None:
    choice = parser.add_mutually_exclusive_group(required=True)
    choice.add_argument("ids", metavar="ID", nargs="*", default=[], help="id of a dead letter, as `list` shows it")
    choice.add_argument("--all", action="store_true", help="all current dead letters")


LIST = Subcommand("dead-letters list", "list the events that were given up", _on_redis(_list), _configure_list)
REPLAY = Subcommand("dead-letters replay", "deliver them to the service again", _on_redis(_replay), _configure_choice)
DROP = Subcommand(
    "dead-letters drop", "delete them; their events are never processed", _on_redis(_drop), _configure_choice
)
