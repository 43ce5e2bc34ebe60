"""Reading the audit log of the whole process: permissions and refusals."""

from typing import Any

import pytest
from grpclib.client import Channel
from grpclib.const import Status
from shared_contracts.user.v1 import (
    AuditKind,
    AuditServiceStub,
    ListAuditEventsRequest,
    LoginRequest,
    LogoutRequest,
    UserServiceStub,
)

from tests.examples.users import PASSWORD
from tests.integration.user_svc.calls import bearer, refused, registered
from tests.integration.user_svc.conftest import ADMIN_EMAIL

EVERYTHING = ListAuditEventsRequest()


@pytest.fixture
def audit(channel: Channel) -> AuditServiceStub:
    return AuditServiceStub(channel, timeout=10)


@pytest.fixture
async def admin(users: UserServiceStub) -> dict[str, str]:
    """The metadata of an administrator's calls."""
    return bearer((await users.login(LoginRequest(email=ADMIN_EMAIL, password=PASSWORD))).access_token)


async def test_only_administrators_read_the_audit_log(
    users: UserServiceStub, audit: AuditServiceStub, admin: dict[str, str]
) -> None:
    assert (await audit.list_audit_events(EVERYTHING, metadata=admin)).events
    assert await refused(audit.list_audit_events(EVERYTHING)) == (Status.UNAUTHENTICATED, "CREDENTIALS_MISSING", [])
    user = bearer((await registered(users)).access_token)
    call = audit.list_audit_events(EVERYTHING, metadata=user)
    assert await refused(call) == (Status.PERMISSION_DENIED, "ACCESS_DENIED", [])


async def test_ended_session_cannot_read_the_audit_log(
    users: UserServiceStub, audit: AuditServiceStub, admin: dict[str, str]
) -> None:
    await users.logout(LogoutRequest(), metadata=admin)
    status, reason, _ = await refused(audit.list_audit_events(EVERYTHING, metadata=admin))
    assert (status, reason) == (Status.UNAUTHENTICATED, "SESSION_INVALID")


@pytest.mark.parametrize(
    ("fields", "reason", "violations"),
    [
        ({"page_size": 101}, "INVALID_REQUEST", [("page_size", "int32.gte_lte")]),
        ({"user_id": "me"}, "INVALID_REQUEST", [("user_id", "string.uuid")]),
        ({"kind": 0}, "INVALID_REQUEST", [("kind", "enum.not_in")]),
        ({"kind": 10}, "INVALID_REQUEST", [("kind", "enum.defined_only")]),
        ({"page_token": "AAAA"}, "PAGE_TOKEN_INVALID", [("page_token", "page_token.known")]),
    ],
)
async def test_requests_that_the_gateway_would_not_send_are_refused(
    audit: AuditServiceStub, admin: dict[str, str], fields: dict[str, Any], reason: str, violations: list[Any]
) -> None:
    if "kind" in fields:
        fields = {"kind": AuditKind(fields["kind"])}
    call = audit.list_audit_events(ListAuditEventsRequest(**fields), metadata=admin)
    assert await refused(call) == (Status.INVALID_ARGUMENT, reason, violations)
