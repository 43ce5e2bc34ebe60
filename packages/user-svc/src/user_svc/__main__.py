"""The composition root of the user service: its parts, in the order in which they start."""

import os
import sys
from datetime import timedelta

import shared_contracts
from loguru import logger
from redis.asyncio import Redis
from service_kit.cli import command
from service_kit.contract import Contract
from service_kit.lifecycle import Lifecycle, ProcessFailedError
from service_kit.postgres import PostgresPool
from service_kit.postgres.monthly_log import MonthlyLog
from service_kit.process import start_process
from service_kit.process.database import open_database
from service_kit.process.grpc_port import open_grpc_port
from service_kit.runtime.release import this_release
from service_kit.tokens.key_set import KeySet
from service_kit.tokens.verifier import TokenVerifier

from user_svc.adapters import redis_client
from user_svc.adapters.audit_log import PostgresAuditLog
from user_svc.adapters.audit_trail import PostgresAuditTrail
from user_svc.adapters.common_passwords import common_passwords
from user_svc.adapters.ended_sessions import PostgresEndedSessions
from user_svc.adapters.glibc_malloc import use_one_arena
from user_svc.adapters.ids import new_id
from user_svc.adapters.login_throttle import RedisLoginThrottle
from user_svc.adapters.outbox.background import BackgroundRelay
from user_svc.adapters.outbox.relay import Relay
from user_svc.adapters.outbox.table import PostgresOutbox
from user_svc.adapters.outbox.telemetry import OutboxTelemetry
from user_svc.adapters.outbox.user_events import STREAM
from user_svc.adapters.password_hasher import Argon2Hasher, HashingCost
from user_svc.adapters.renewal_record import RedisRenewalRecord
from user_svc.adapters.sessions import RedisSessions
from user_svc.adapters.signing.signing_key import SigningKeyError
from user_svc.adapters.signing.signing_keys import SigningKeys
from user_svc.adapters.tokens import JwtMinter, JwtReader
from user_svc.adapters.user_repository import PostgresUserRepository
from user_svc.commands.create_admin import CREATE_ADMIN
from user_svc.commands.keys import CREATE_KEY, LIST_KEYS, ROTATE_KEYS
from user_svc.commands.migrate import MIGRATE
from user_svc.commands.retire_key import RETIRE_KEY
from user_svc.commands.set_role import DEMOTE, PROMOTE
from user_svc.domain.login_attempt import LoginThrottlePolicy
from user_svc.domain.password import PasswordPolicy
from user_svc.domain.session import SessionPolicy
from user_svc.domain.session_key import SessionKeySeal
from user_svc.rpc.audit_service import AuditService
from user_svc.rpc.error_table import ERROR_TABLE
from user_svc.rpc.event_service import UserEventService
from user_svc.rpc.session_service import SessionService
from user_svc.rpc.user_service import UserService
from user_svc.settings import PREFIX, Settings
from user_svc.use_cases.change_password import ChangePassword
from user_svc.use_cases.check_session import CheckSession
from user_svc.use_cases.credentials import CredentialIssuer
from user_svc.use_cases.delete_user import DeleteUser
from user_svc.use_cases.get_user import GetUser
from user_svc.use_cases.introspect_token import IntrospectToken
from user_svc.use_cases.list_audit_events import ListAuditEvents
from user_svc.use_cases.list_sessions import ListSessions
from user_svc.use_cases.list_users import ListUsers
from user_svc.use_cases.log_in import LogIn
from user_svc.use_cases.log_out import LogOut
from user_svc.use_cases.password_attempts import PasswordAttempts
from user_svc.use_cases.register import Register
from user_svc.use_cases.renew_session import RenewSession
from user_svc.use_cases.report_use import ReportUse
from user_svc.use_cases.revoke_session import RevokeSession
from user_svc.use_cases.session_opener import SessionOpener
from user_svc.use_cases.set_user_role import SetUserRole

_NAME = "user-svc"


async def _serve(settings: Settings) -> None:
    use_one_arena()
    contract = Contract.load(shared_contracts.descriptor_set())

    async with Lifecycle(settings.drain_s) as lifecycle:
        tracer = await start_process(lifecycle, this_release(_NAME), settings, PREFIX)

        signing_keys = _signing_keys(settings)
        # Reading the folder is cheap, so refreshes are not limited: another replica's new key is known at once.
        keys = KeySet(signing_keys.published, refresh_every_s=1.0, refresh_at_most_every_s=0.0)
        lifecycle.start("key-set", keys.keep_fresh)
        lifecycle.readiness.add("signing_key", signing_keys.check)
        verifier = TokenVerifier(
            keys, issuer=settings.token_issuer, audience=settings.token_audience, leeway_s=settings.token_leeway_s
        )
        tokens = JwtReader(verifier)

        pool = await open_database(lifecycle, settings, service=_NAME, package="user_svc")
        outbox = _outbox(settings, pool)
        lifecycle.start("outbox", outbox.run)
        users = PostgresUserRepository(pool, outbox.wake)
        trail = await _audit_trail(lifecycle, pool)

        redis = await _redis(lifecycle, settings)
        session_policy = _session_policy(settings)
        key_lifetime_s = session_policy.key_lifetime_s(settings.tokens_live_s)
        ended_sessions = PostgresEndedSessions(pool, key_lifetime_s, settings.tokens_live_s)
        lifecycle.start("session-ends", ended_sessions.sweep_forever)
        sessions = RedisSessions(redis, ended_sessions, session_policy, settings.tokens_live_s)

        password_policy = PasswordPolicy(settings.password_min_length, common_passwords())
        hasher = await lifecycle.enter("passwords", _hasher(settings))
        attempts = PasswordAttempts(RedisLoginThrottle(redis, _login_throttle_policy(settings)), trail)

        seal = SessionKeySeal(settings.session_secret.reveal().encode())
        issuer = CredentialIssuer(seal, _minter(settings, signing_keys))
        opener = SessionOpener(sessions, seal, trail)

        check_session = CheckSession(sessions)
        user_service = UserService(
            check_session=check_session,
            create_account=Register(users, hasher, password_policy, attempts, opener, issuer, new_id),
            log_in=LogIn(users, hasher, attempts, opener, issuer, trail),
            introspect_token=IntrospectToken(tokens, sessions),
            get=GetUser(users),
            delete=DeleteUser(users, sessions, new_id),
            list=ListUsers(users),
            set_role=SetUserRole(users, sessions),
            change_own_password=ChangePassword(
                users, sessions, hasher, password_policy, attempts, opener, issuer, trail
            ),
            log_out=LogOut(sessions, trail),
            list_own_sessions=ListSessions(sessions),
            revoke_own_session=RevokeSession(sessions, trail),
        )
        session_service = SessionService(
            renew=RenewSession(users, sessions, seal, issuer, trail, RedisRenewalRecord(redis)),
            report=ReportUse(sessions, tokens),
            ended=ended_sessions,
            public_keys=signing_keys.public,
        )
        audit_service = AuditService(check_session=check_session, list=ListAuditEvents(PostgresAuditLog(pool)))
        await open_grpc_port(
            lifecycle,
            settings,
            [user_service, audit_service, session_service, UserEventService(PostgresOutbox(pool).get)],
            contract=contract,
            verifier=verifier,
            error_table=ERROR_TABLE,
            tracer=tracer,
        )
        await lifecycle.run()


def _signing_keys(settings: Settings) -> SigningKeys:
    """Returns the keys of the folder in the settings.

    Raises:
        ProcessFailedError: no key signs now. That is logged.
    """
    keys = SigningKeys(settings.key_dir, settings.superseded_key_ttl_s)
    try:
        keys.current()
    except SigningKeyError as exc:
        logger.bind(problem=str(exc)).critical("no signing key to sign with")
        raise ProcessFailedError(str(exc)) from exc
    return keys


def _hasher(settings: Settings) -> Argon2Hasher:
    cost = HashingCost(settings.argon2_memory_kib, settings.argon2_time_cost, settings.argon2_parallelism)
    threads = settings.password_threads or os.cpu_count() or 1
    return Argon2Hasher(cost, threads=threads, queue=settings.password_queue)


async def _redis(lifecycle: Lifecycle, settings: Settings) -> Redis:
    """Opens the client of Redis, and makes readiness depend on the server."""
    url = settings.redis_url.reveal()
    redis = await lifecycle.enter("redis", redis_client.open_client(url))
    # Probes have a connection of their own: a pool that requests have exhausted is no reason to be not ready.
    for_probes = redis_client.open_client(url, name=f"{_NAME} probe", max_connections=1)
    probe = await lifecycle.enter("redis-probe", for_probes)
    lifecycle.readiness.add("redis", lambda: redis_client.check(probe))
    return redis


def _minter(settings: Settings, signing_keys: SigningKeys) -> JwtMinter:
    return JwtMinter(
        signing_keys,
        issuer=settings.token_issuer,
        audience=settings.token_audience,
        ttl_s=settings.access_token_ttl_s,
    )


def _session_policy(settings: Settings) -> SessionPolicy:
    return SessionPolicy(
        idle_ttl_s=settings.session_idle_ttl_s,
        absolute_ttl_s=settings.session_absolute_ttl_s,
        grace_s=settings.session_grace_s,
    )


def _login_throttle_policy(settings: Settings) -> LoginThrottlePolicy:
    return LoginThrottlePolicy(
        free_per_account=settings.login_free_per_account,
        free_per_address=settings.login_free_per_address,
        longest_delay_s=settings.login_longest_delay_s,
    )


async def _audit_trail(lifecycle: Lifecycle, pool: PostgresPool) -> PostgresAuditTrail:
    """Starts the background writer of the audit log, and the maintenance of its monthly partitions."""
    trail = PostgresAuditTrail(pool)
    lifecycle.start("audit-writer", trail.write_forever)
    lifecycle.start("audit-months", MonthlyLog(pool, "audit_log").maintain_forever)
    await lifecycle.enter("audit-trail", trail.flushed())
    return trail


def _outbox(settings: Settings, pool: PostgresPool) -> BackgroundRelay:
    """Returns the relay from the outbox to the stream."""
    telemetry = OutboxTelemetry()
    relay = Relay(PostgresOutbox(pool), telemetry, timedelta(seconds=settings.event_retention_s))
    return BackgroundRelay(settings.redis_url.reveal(), STREAM, relay, telemetry)


def main() -> int:
    """Runs the command `user-svc`, and returns its exit code."""
    return command(
        Settings,
        program=_NAME,
        description="Headrace's user service: accounts, credentials, sessions and access tokens, over gRPC.",
        prefix=PREFIX,
        serve=_serve,
        subcommands=[MIGRATE, CREATE_KEY, LIST_KEYS, ROTATE_KEYS, RETIRE_KEY, CREATE_ADMIN, PROMOTE, DEMOTE],
    )


if __name__ == "__main__":
    sys.exit(main())
