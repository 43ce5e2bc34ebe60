"""The whole process over gRPC: real PostgreSQL, real Redis, real tokens."""

import asyncio
import secrets
import signal
import urllib.request
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from grpclib.client import Channel
from grpclib.const import Status
from grpclib.exceptions import GRPCError
from redis.asyncio import Redis
from shared_contracts.headrace.session.v1 import RenewSessionRequest, SessionServiceStub
from shared_contracts.user.v1 import (
    ChangePasswordRequest,
    DeleteUserRequest,
    ExtractTokenRequest,
    GetUserRequest,
    ListSessionsRequest,
    LoginRequest,
    LogoutRequest,
    RegisterRequest,
    RegisterResponse,
    RevokeSessionRequest,
    Role,
    UserServiceStub,
)

from tests.e2e.polling import eventually
from tests.integration.user_svc.command import UserSvc, installation
from tests.running_servers import RunningPostgres, RunningRedis, stop
from tests.user_examples import PASSWORD

ADMIN_EMAIL = "boss@example.com"


@pytest.fixture(scope="module")
def user_svc(
    postgres_server: RunningPostgres, redis_server: RunningRedis, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[UserSvc]:
    folder: Path = tmp_path_factory.mktemp("user-svc")
    user_svc = installation(postgres_server, redis_server, folder)
    assert user_svc.run("migrate").returncode == 0
    assert user_svc.run("keys", "create").returncode == 0
    assert user_svc.run("create-admin", "--email", ADMIN_EMAIL, "--name", "Boss", stdin=PASSWORD).returncode == 0
    process = user_svc.start(folder / "log")
    eventually(lambda: ready(user_svc), within_s=60)
    yield user_svc
    stop(process, signal.SIGTERM)
    log = (folder / "log").read_text()
    assert process.returncode == 0, log
    assert '"ERROR"' not in log
    assert PASSWORD not in log


@pytest.fixture(scope="module")
async def channel(user_svc: UserSvc) -> AsyncIterator[Channel]:
    channel = Channel("127.0.0.1", user_svc.port)
    yield channel
    channel.close()


def ready(user_svc: UserSvc) -> bool | None:
    try:
        with urllib.request.urlopen(f"{user_svc.admin_url}/readyz") as response:  # noqa: S310 - our own address
            return True if response.status == 200 else None
    except OSError:
        return None


@pytest.fixture
def users(channel: Channel) -> UserServiceStub:
    return UserServiceStub(channel, timeout=10)


@pytest.fixture
def sessions(channel: Channel) -> SessionServiceStub:
    return SessionServiceStub(channel, timeout=10)


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def registered(users: UserServiceStub, **metadata: str) -> RegisterResponse:
    request = RegisterRequest(email=f"{secrets.token_hex(8)}@Example.com", name="Ada", password=PASSWORD)
    return await users.register(request, metadata=metadata)


async def refused(call: Any) -> tuple[Status, str, list[tuple[str, str]]]:
    """How a call fails: status, reason, and (field, rule) of each violation."""
    with pytest.raises(GRPCError) as error:
        await call
    details = error.value.details or []
    (reason,) = (detail.reason for detail in details if isinstance(detail, ErrorInfo))
    requests = [detail for detail in details if isinstance(detail, BadRequest)]
    return error.value.status, reason, [(v.field, v.reason) for each in requests for v in each.field_violations]


async def test_registers_and_lets_in(users: UserServiceStub) -> None:
    grant = await registered(users)
    assert (grant.token_type, grant.expires_in) == ("Bearer", 900)
    assert grant.user is not None
    assert grant.session is not None
    assert (grant.user.role, grant.session.max_age_s) == (Role.USER, 86400)
    shown = await users.get_user(GetUserRequest(), metadata=bearer(grant.access_token))
    assert shown.user == grant.user
    by_id = GetUserRequest(user_id=grant.user.user_id.upper())
    assert (await users.get_user(by_id, metadata=bearer(grant.access_token))).user == grant.user


async def test_logs_in_and_replaces_the_session_presented(users: UserServiceStub) -> None:
    grant = await registered(users)
    assert grant.user is not None
    assert grant.session is not None
    request = LoginRequest(email=grant.user.email.upper(), password=PASSWORD)
    metadata = {
        "x-session-key": grant.session.session_key,
        "x-client-address": "192.0.2.9",
        "x-client-user-agent": "Lynx %C3%BC",
        "x-request-id": "login-1",
    }
    again = await users.login(request, metadata=metadata)
    assert await refused(users.get_user(GetUserRequest(), metadata=bearer(grant.access_token))) == (
        Status.UNAUTHENTICATED,
        "SESSION_INVALID",
        [],
    )
    listed = await users.list_sessions(ListSessionsRequest(), metadata=bearer(again.access_token))
    (session,) = listed.sessions
    assert (session.ip, session.user_agent, session.current) == ("192.0.2.9", "Lynx ü", True)
    assert session.created_at is not None


REFUSED: dict[str, tuple[Any, Status, str, list[tuple[str, str]]]] = {
    "taken": (
        RegisterRequest(email=ADMIN_EMAIL.upper(), name="Eve", password=PASSWORD),
        Status.ALREADY_EXISTS,
        "EMAIL_TAKEN",
        [],
    ),
    "short password": (
        RegisterRequest(email="a@example.com", name="Eve", password="qZ7 tide-lamp9"),
        Status.INVALID_ARGUMENT,
        "PASSWORD_REFUSED",
        [("password", "string.min_len")],
    ),
    "common password": (
        RegisterRequest(email="a@example.com", name="Eve", password="passwordpassword"),
        Status.INVALID_ARGUMENT,
        "PASSWORD_REFUSED",
        [("password", "password.common")],
    ),
    "invalid": (
        RegisterRequest(email="nobody", name="E", password=PASSWORD),
        Status.INVALID_ARGUMENT,
        "INVALID_REQUEST",
        [("email", "string.email"), ("name", "string.min_len")],
    ),
    "unknown email": (
        LoginRequest(email="nobody@example.com", password=PASSWORD),
        Status.UNAUTHENTICATED,
        "INVALID_CREDENTIALS",
        [],
    ),
    "wrong password": (
        LoginRequest(email=ADMIN_EMAIL, password=PASSWORD + " "),
        Status.UNAUTHENTICATED,
        "INVALID_CREDENTIALS",
        [],
    ),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_refuses(users: UserServiceStub, case: str) -> None:
    request, *expected = REFUSED[case]
    call = users.register if isinstance(request, RegisterRequest) else users.login
    assert await refused(call(request)) == tuple(expected)


async def test_changes_a_password(users: UserServiceStub) -> None:
    grant = await registered(users)
    assert grant.user is not None
    metadata = bearer(grant.access_token)
    other = await users.login(LoginRequest(email=grant.user.email, password=PASSWORD))
    wrong = ChangePasswordRequest(current_password="wrong", new_password="another horse battery")
    assert (await refused(users.change_password(wrong, metadata=metadata)))[:2] == (
        Status.UNAUTHENTICATED,
        "INVALID_CREDENTIALS",
    )
    common = ChangePasswordRequest(current_password=PASSWORD, new_password="passwordpassword")
    assert await refused(users.change_password(common, metadata=metadata)) == (
        Status.INVALID_ARGUMENT,
        "PASSWORD_REFUSED",
        [("new_password", "password.common")],
    )
    good = ChangePasswordRequest(current_password=PASSWORD, new_password="another horse battery")
    await users.change_password(good, metadata=metadata)
    assert (await refused(users.get_user(GetUserRequest(), metadata=bearer(other.access_token))))[
        1
    ] == "SESSION_INVALID"
    await users.login(LoginRequest(email=grant.user.email, password="another horse battery"))


async def test_somebody_elses_user_and_session_are_not_found(users: UserServiceStub) -> None:
    alice, bob = await registered(users), await registered(users)
    assert bob.user is not None
    assert bob.session is not None
    metadata, bobs_session = bearer(alice.access_token), bob.session.session_key.partition(".")[0]
    for call, reason in (
        (users.get_user(GetUserRequest(user_id=bob.user.user_id), metadata=metadata), "USER_NOT_FOUND"),
        (users.delete_user(DeleteUserRequest(user_id=bob.user.user_id), metadata=metadata), "USER_NOT_FOUND"),
        (users.revoke_session(RevokeSessionRequest(session_id=bobs_session), metadata=metadata), "SESSION_NOT_FOUND"),
    ):
        assert await refused(call) == (Status.NOT_FOUND, reason, [])
    foreign = await users.extract_token(ExtractTokenRequest(token=bob.access_token), metadata=metadata)
    assert (foreign.active, foreign.user_id, foreign.role, foreign.issued_at) == (False, None, None, None)


async def test_administrators_may(users: UserServiceStub) -> None:
    boss = await users.login(LoginRequest(email=ADMIN_EMAIL, password=PASSWORD))
    bob = await registered(users)
    assert bob.user is not None
    metadata = bearer(boss.access_token)
    contents = await users.extract_token(ExtractTokenRequest(token=bob.access_token), metadata=metadata)
    assert (contents.active, contents.user_id, contents.role) == (True, bob.user.user_id, Role.USER)
    assert (await users.extract_token(ExtractTokenRequest(), metadata=metadata)).role is Role.ADMIN
    await users.delete_user(DeleteUserRequest(user_id=bob.user.user_id), metadata=metadata)
    assert (await refused(users.get_user(GetUserRequest(), metadata=bearer(bob.access_token))))[1] == "SESSION_INVALID"


async def test_logging_out_and_revoking_end_sessions_at_once(users: UserServiceStub) -> None:
    grant = await registered(users)
    assert grant.user is not None
    assert grant.session is not None
    second = await users.login(LoginRequest(email=grant.user.email, password=PASSWORD))
    first_id = grant.session.session_key.partition(".")[0]
    await users.revoke_session(RevokeSessionRequest(session_id=first_id), metadata=bearer(second.access_token))
    await users.logout(LogoutRequest(), metadata=bearer(second.access_token))
    for token in (grant.access_token, second.access_token):
        assert (await refused(users.list_sessions(ListSessionsRequest(), metadata=bearer(token))))[
            1
        ] == "SESSION_INVALID"


async def test_fifty_renewals_at_once_rotate_once(users: UserServiceStub, sessions: SessionServiceStub) -> None:
    grant = await registered(users)
    assert grant.session is not None
    request = RenewSessionRequest(session_key=grant.session.session_key)
    renewed = await asyncio.gather(*(sessions.renew_session(request) for _ in range(50)))
    assert len({each.grant.session_key for each in renewed if each.grant is not None}) == 1
    shown = await asyncio.gather(
        *(users.get_user(GetUserRequest(), metadata=bearer(each.access_token)) for each in renewed[:5])
    )
    assert all(each.user == grant.user for each in shown)


async def test_a_reused_key_ends_the_session(users: UserServiceStub, sessions: SessionServiceStub) -> None:
    grant = await registered(users)
    assert grant.session is not None
    stolen = key = grant.session.session_key
    for _ in range(2):
        renewed = await sessions.renew_session(RenewSessionRequest(session_key=key))
        assert renewed.grant is not None
        key = renewed.grant.session_key
    for reason in ("SESSION_REUSED", "SESSION_INVALID"):
        call = sessions.renew_session(RenewSessionRequest(session_key=stolen))
        assert await refused(call) == (Status.UNAUTHENTICATED, reason, [])
    assert (await refused(users.get_user(GetUserRequest(), metadata=bearer(renewed.access_token))))[
        1
    ] == "SESSION_INVALID"


@pytest.mark.parametrize("key", ["x", "A" * 22 + ".1." + "A" * 43, "ä"])
async def test_a_forged_key_is_invalid(sessions: SessionServiceStub, key: str) -> None:
    call = sessions.renew_session(RenewSessionRequest(session_key=key))
    assert await refused(call) == (Status.UNAUTHENTICATED, "SESSION_INVALID", [])


async def test_serves_its_public_keys(sessions: SessionServiceStub) -> None:
    (key,) = (await sessions.get_key_set()).keys
    assert (key.kty, key.crv, key.alg, key.use) == ("OKP", "Ed25519", "EdDSA", "sig")


async def test_nothing_in_redis_is_a_credential(users: UserServiceStub, redis_server: RunningRedis) -> None:
    grant = await registered(users)
    assert grant.session is not None
    session_id, _, mac = grant.session.session_key.split(".")
    async with Redis.from_url(redis_server.url, decode_responses=True) as redis:
        kept = await redis.hgetall(f"session:{{{session_id}}}")
    assert kept["counter"] == "1"
    assert mac not in str(kept)
    assert grant.access_token not in str(kept)


async def test_everything_is_on_record(users: UserServiceStub, sessions: SessionServiceStub, user_svc: UserSvc) -> None:
    grant = await registered(users, **{"x-request-id": "audit-1", "x-client-address": "192.0.2.33"})
    assert grant.user is not None
    assert grant.session is not None
    await users.login(LoginRequest(email=grant.user.email, password=PASSWORD))
    await refused(users.login(LoginRequest(email=grant.user.email, password="wrong")))
    await sessions.renew_session(RenewSessionRequest(session_key=grant.session.session_key))
    metadata = bearer(grant.access_token)
    change = ChangePasswordRequest(current_password=PASSWORD, new_password="another horse battery")
    await users.change_password(change, metadata=metadata)
    await users.delete_user(DeleteUserRequest(), metadata=metadata)
    expected = {
        "registered",
        "logged_in",
        "login_failed",
        "session_renewed",
        "session_revoked",
        "password_changed",
        "user_deleted",
    }
    subject = grant.user.user_id

    def written() -> list[tuple[str, str, str]] | None:
        query = "SELECT event, ip, request_id FROM audit_log WHERE subject = %s"
        with psycopg.connect(user_svc.database_url) as connection:
            rows = connection.execute(query, (subject,)).fetchall()
        return rows if {event for event, _, _ in rows} == expected else None

    log = await asyncio.to_thread(eventually, written, within_s=10)
    assert ("registered", "192.0.2.33", "audit-1") in log
