"""Sessions of the whole process, from renewal to the audit log."""

import asyncio

import psycopg
import pytest
from grpclib.const import Status
from redis.asyncio import Redis
from shared_contracts.headrace.session.v1 import RenewSessionRequest, SessionServiceStub
from shared_contracts.user.v1 import (
    ChangePasswordRequest,
    DeleteUserRequest,
    GetUserRequest,
    ListSessionsRequest,
    LoginRequest,
    LogoutRequest,
    RevokeSessionRequest,
    UserServiceStub,
)

from tests.examples.users import PASSWORD
from tests.integration.user_svc.calls import bearer, refused, registered
from tests.integration.user_svc.command import UserSvc
from tests.running.polling import eventually
from tests.running.servers import RunningRedis


async def test_logout_and_revocation_end_sessions_at_once(users: UserServiceStub) -> None:
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


async def test_fifty_concurrent_renewals_rotate_once(users: UserServiceStub, sessions: SessionServiceStub) -> None:
    grant = await registered(users)
    assert grant.session is not None
    request = RenewSessionRequest(session_key=grant.session.session_key)
    renewed = await asyncio.gather(*(sessions.renew_session(request) for _ in range(50)))
    assert len({each.grant.session_key for each in renewed if each.grant is not None}) == 1
    shown = await asyncio.gather(
        *(users.get_user(GetUserRequest(), metadata=bearer(each.access_token)) for each in renewed[:5])
    )
    assert all(each.user == grant.user for each in shown)


async def test_reused_key_ends_the_session(users: UserServiceStub, sessions: SessionServiceStub) -> None:
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
async def test_forged_key_is_invalid(sessions: SessionServiceStub, key: str) -> None:
    call = sessions.renew_session(RenewSessionRequest(session_key=key))
    assert await refused(call) == (Status.UNAUTHENTICATED, "SESSION_INVALID", [])


async def test_public_keys_are_served(sessions: SessionServiceStub) -> None:
    (key,) = (await sessions.get_key_set()).keys
    assert (key.kty, key.crv, key.alg, key.use) == ("OKP", "Ed25519", "EdDSA", "sig")


async def test_redis_holds_no_credential(users: UserServiceStub, redis_server: RunningRedis) -> None:
    grant = await registered(users)
    assert grant.session is not None
    session_id, _, mac = grant.session.session_key.split(".")
    async with Redis.from_url(redis_server.url, decode_responses=True) as redis:
        kept = await redis.hgetall(f"{{sessions}}:id:{session_id}")
    assert kept["counter"] == "1"
    assert mac not in str(kept)
    assert grant.access_token not in str(kept)


async def test_every_action_is_audited(users: UserServiceStub, sessions: SessionServiceStub, user_svc: UserSvc) -> None:
    grant = await registered(users, **{"x-request-id": "audit-1", "x-client-address": "192.0.2.33"})
    assert grant.user is not None
    assert grant.session is not None
    await users.login(LoginRequest(email=grant.user.email, password=PASSWORD))
    await refused(users.login(LoginRequest(email=grant.user.email, password="wrong")))
    await sessions.renew_session(RenewSessionRequest(session_key=grant.session.session_key))
    metadata = bearer(grant.access_token)
    change = ChangePasswordRequest(current_password=PASSWORD, new_password="another horse battery")
    changed = await users.change_password(change, metadata=metadata)
    await users.delete_user(DeleteUserRequest(), metadata=bearer(changed.access_token))
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
