"""`user-svc keys retire KID`: deletes a key that has leaked."""

import asyncio
import sys
from argparse import ArgumentParser, Namespace
from contextlib import suppress

from redis.asyncio import Redis
from service_kit.cli import Subcommand

from user_svc.adapters import redis_client
from user_svc.adapters.revocations import RevocationStream
from user_svc.adapters.signing.key_rotation import Retirement
from user_svc.commands.keys import rotation_of, with_exit_code
from user_svc.commands.output import say
from user_svc.domain.errors import DependencyUnavailableError
from user_svc.settings import Settings


def _run(settings: Settings, arguments: Namespace) -> None:
    asyncio.run(_retire(settings, arguments.kid))


async def _retire(settings: Settings, kid: str) -> None:
    async with redis_client.open_client(settings.redis_url.reveal()) as redis:
        # Opens the connection first, so that the gateways are notified right after the change of the folder.
        with suppress(DependencyUnavailableError):
            await redis_client.ping(redis)
        retired = rotation_of(settings).retire(kid)
        is_published = await _publish(redis, settings.tokens_live_s, kid)
    _report(kid, retired, is_published)


async def _publish(redis: Redis, tokens_live_s: float, kid: str) -> bool:
    try:
        await RevocationStream(redis, tokens_live_s).revoke_key(kid)
    except DependencyUnavailableError:
        return False
    return True


def _report(kid: str, retired: Retirement, is_published: bool) -> None:
    say(f"retired the key {kid}: its tokens are no longer valid")
    if retired.successor is not None:
        say(f"the key {retired.successor.kid} signs from now on")
    if not is_published:
        sys.stderr.write(
            "user-svc keys retire: redis does not answer, so the gateways were not notified: "
            "they refuse the key's tokens within 10 s, when they next fetch the key set\n"
        )


def _configure(parser: ArgumentParser) -> None:
    parser.description = (
        "Deletes a key at once, which invalidates every access token that it signed; sessions continue. "
        "If it is the key that signs, the next one signs from now on, or else a new one."
    )
    parser.add_argument("kid", metavar="KID", help="the key's id, as `user-svc keys list` shows it")


RETIRE_KEY = Subcommand(
    "keys retire",
    "delete a leaked key at once, and invalidate every token that it signed",
    with_exit_code("keys retire", _run),
    _configure,
)
