"""`user-svc promote USER_ID` and `user-svc demote USER_ID`."""

import asyncio
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from uuid import UUID

from service_kit.cli import Subcommand

from user_svc.adapters import redis_client
from user_svc.adapters.ended_sessions import PostgresEndedSessions
from user_svc.adapters.sessions import RedisSessions
from user_svc.adapters.user_repository import PostgresUserRepository
from user_svc.commands.database import open_database
from user_svc.commands.output import WRONG_ARGUMENTS, fail, fail_without_store, say
from user_svc.domain.errors import DependencyUnavailableError, LastAdminError, UserNotFoundError
from user_svc.domain.session import SessionPolicy
from user_svc.domain.user import Role, User
from user_svc.settings import Settings
from user_svc.use_cases.set_user_role import SetUserRole


def _runner(role: Role, command: str) -> Callable[[Settings, Namespace], int]:
    def run(settings: Settings, arguments: Namespace) -> int:
        try:
            user_id = str(UUID(arguments.user_id))
        except ValueError:
            return fail(command, f"{arguments.user_id!r} is not a user id (a UUID)", WRONG_ARGUMENTS)
        try:
            user = asyncio.run(_set_role(settings, command, user_id, role))
        except (UserNotFoundError, LastAdminError) as exc:
            return fail(command, exc, WRONG_ARGUMENTS)
        except DependencyUnavailableError as exc:
            return fail_without_store(
                command, exc, "The role may be set while sessions of the former one live. Run the command again."
            )
        say(f"{user.email} ({user.user_id}) has the role {user.role}; sessions of a former role have ended")
        return 0

    return run


async def _set_role(settings: Settings, command: str, user_id: str, role: Role) -> User:
    policy = SessionPolicy(settings.session_idle_ttl_s, settings.session_absolute_ttl_s, settings.session_grace_s)
    async with (
        open_database(settings, command) as pool,
        redis_client.open_client(settings.redis_url.reveal(), name=f"user-svc {command}") as redis,
    ):
        ended = PostgresEndedSessions(pool, policy.key_lifetime_s(settings.tokens_live_s), settings.tokens_live_s)
        sessions = RedisSessions(redis, ended, policy, settings.tokens_live_s)
        return await SetUserRole(PostgresUserRepository(pool), sessions).by_operator(user_id, role)


def _configure(effect: str) -> Callable[[ArgumentParser], None]:
    def configure(parser: ArgumentParser) -> None:
        parser.description = (
            f"{effect} Every session of the account ends, and its access tokens are refused within a second, "
            "since they state the former role. The audit log records it as the operator's action."
        )
        parser.add_argument("user_id", metavar="USER_ID", help="the account's id, a UUID")

    return configure


PROMOTE = Subcommand(
    "promote",
    "make an existing account an administrator's, by its id",
    _runner(Role.ADMIN, "promote"),
    _configure(
        "Makes an existing account an administrator's; its name and password stay. First verify who registered it: "
        "an email address proves nothing."
    ),
)
DEMOTE = Subcommand(
    "demote",
    "make an administrator an ordinary user, by the account's id",
    _runner(Role.USER, "demote"),
    _configure("Makes an administrator an ordinary user. The last administrator stays one."),
)
