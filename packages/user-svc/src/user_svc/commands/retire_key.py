"""`user-svc keys retire KID`: for a key that has leaked."""

import asyncio
import sys
from argparse import ArgumentParser, Namespace
from contextlib import suppress

from redis.asyncio import Redis
from service_kit.cli import Subcommand

from user_svc.adapters import redis_client
from user_svc.adapters.key_rotation import Retired
from user_svc.adapters.revocations import RevocationStream
from user_svc.commands.keys import rotation_of, telling
from user_svc.commands.output import say
from user_svc.domain.errors import DependencyUnavailableError
from user_svc.settings import Settings


def _run(settings: Settings, arguments: Namespace) -> None:
    asyncio.run(_retire(settings, arguments.kid))


async def _retire(settings: Settings, kid: str) -> None:
    async with redis_client.open_client(settings.redis_url.reveal()) as redis:
        # So that the connection is there: what tells the gateways of the new key must follow it at once.
        with suppress(DependencyUnavailableError):
            await redis_client.ping(redis)
        retired = rotation_of(settings).retire(kid)
        told = await _tell_gateways(redis, settings.tokens_live_s, kid)
    _report(kid, retired, told)


async def _tell_gateways(redis: Redis, tokens_live_s: float, kid: str) -> bool:
    try:
        await RevocationStream(redis, tokens_live_s).revoke_key(kid)
    except DependencyUnavailableError:
        return False
    return True


def _report(kid: str, retired: Retired, told: bool) -> None:
    say(f"retired the key {kid}: no token of it is good any more")
    if retired.successor is not None:
        say(f"the key {retired.successor.kid} signs from now on")
    if not told:
        sys.stderr.write(
            "user-svc keys retire: redis does not answer, so gateways were not told: "
            "they refuse the key's tokens within 10 s, when they next fetch the key set\n"
        )


def _configure(parser: ArgumentParser) -> None:
    parser.description = (
        "Takes a key away at once, and with it every access token that it signed; sessions go on. "
        "If it is the key that signs, the next one signs from now on, or else a new one."
    )
    parser.add_argument("kid", metavar="KID", help="the key's id, as `user-svc keys list` shows it")


RETIRE_KEY = Subcommand(
    "keys retire",
    "take a leaked key away at once, with every token that it signed",
    telling("keys retire", _run),
    _configure,
)
