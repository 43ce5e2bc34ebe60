"""user.v1.UserService of the whole process: real PostgreSQL, real Redis, real tokens."""

from typing import Any

import pytest
from grpclib.const import Status
from shared_contracts.user.v1 import (
    ChangePasswordRequest,
    DeleteUserRequest,
    ExtractTokenRequest,
    GetUserRequest,
    ListSessionsRequest,
    LoginRequest,
    RegisterRequest,
    RevokeSessionRequest,
    Role,
    UserServiceStub,
)

from tests.examples.users import PASSWORD
from tests.integration.user_svc.calls import bearer, refused, registered
from tests.integration.user_svc.conftest import ADMIN_EMAIL


async def test_registered_user_gets_working_credentials(users: UserServiceStub) -> None:
    grant = await registered(users)
    assert (grant.token_type, grant.expires_in) == ("Bearer", 900)
    assert grant.user is not None
    assert grant.session is not None
    assert (grant.user.role, grant.session.max_age_s) == (Role.USER, 86400)
    shown = await users.get_user(GetUserRequest(), metadata=bearer(grant.access_token))
    assert shown.user == grant.user
    by_id = GetUserRequest(user_id=grant.user.user_id.upper())
    assert (await users.get_user(by_id, metadata=bearer(grant.access_token))).user == grant.user


async def test_login_replaces_the_presented_session(users: UserServiceStub) -> None:
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
async def test_invalid_request_is_refused_with_its_reason(users: UserServiceStub, case: str) -> None:
    request, *expected = REFUSED[case]
    call = users.register if isinstance(request, RegisterRequest) else users.login
    assert await refused(call(request)) == tuple(expected)


async def test_password_change_takes_effect(users: UserServiceStub) -> None:
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
    changed = await users.change_password(good, metadata=metadata)
    assert (await users.get_user(GetUserRequest(), metadata=bearer(changed.access_token))).user == grant.user
    assert (await refused(users.get_user(GetUserRequest(), metadata=metadata)))[1] == "SESSION_INVALID"
    assert (await refused(users.get_user(GetUserRequest(), metadata=bearer(other.access_token))))[
        1
    ] == "SESSION_INVALID"
    await users.login(LoginRequest(email=grant.user.email, password="another horse battery"))


async def test_user_and_session_of_another_user_are_not_found(users: UserServiceStub) -> None:
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


async def test_administrator_introspects_and_deletes_another_user(users: UserServiceStub) -> None:
    boss = await users.login(LoginRequest(email=ADMIN_EMAIL, password=PASSWORD))
    bob = await registered(users)
    assert bob.user is not None
    metadata = bearer(boss.access_token)
    contents = await users.extract_token(ExtractTokenRequest(token=bob.access_token), metadata=metadata)
    assert (contents.active, contents.user_id, contents.role) == (True, bob.user.user_id, Role.USER)
    assert (await users.extract_token(ExtractTokenRequest(), metadata=metadata)).role is Role.ADMIN
    await users.delete_user(DeleteUserRequest(user_id=bob.user.user_id), metadata=metadata)
    assert (await refused(users.get_user(GetUserRequest(), metadata=bearer(bob.access_token))))[1] == "SESSION_INVALID"
