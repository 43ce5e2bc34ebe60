"""The services themselves refuse a token whose session has ended, within a second."""

import time
from collections.abc import Callable

import grpc
import pytest

from tests.e2e.accounts import Account, log_in, register, unique_email, unique_password
from tests.e2e.api import Api
from tests.e2e.grpc_client import AUDIT, ORDERS, USERS, GrpcClient, refusal_of
from tests.e2e.running_stack import RunningStack
from tests.e2e.shapes import assert_success
from tests.e2e.test_revocations import (
    PROMISED_S,
    be_deleted,
    change_password,
    delete_oneself,
    log_in_over_it,
    log_out,
    revoke,
)
from tests.running.polling import eventually

End = Callable[[Api, Account, Account, Account], str]
ENDINGS = [log_out, revoke, change_password, log_in_over_it, delete_oneself, be_deleted]


def answer(client: GrpcClient, method: str, token: str) -> str:
    """Returns "OK", or the status and the reason of the refusal."""
    try:
        client.call(method, token=token)
    except grpc.RpcError as error:
        refusal = refusal_of(error)
        return f"{refusal.status.name} {refusal.reason}"
    return "OK"


def assert_refused_soon(client: GrpcClient, method: str, token: str) -> None:
    since = time.monotonic()
    refused = "UNAUTHENTICATED SESSION_INVALID"
    eventually(lambda: answer(client, method, token) == refused or None, within_s=10, every_s=0.01)
    assert time.monotonic() - since <= PROMISED_S


@pytest.mark.parametrize("end", ENDINGS, ids=lambda end: end.__name__)
def test_end_of_a_session_reaches_the_services(
    api: Api, admin: Account, grpc_clients: dict[str, GrpcClient], end: End
) -> None:
    order_service, user_service = grpc_clients["order-svc"], grpc_clients["user-svc"]
    first = register(api)
    second = log_in(api, first.email, first.password)
    assert answer(order_service, f"{ORDERS}.ListOrders", second.token) == "OK"
    unharmed = end(api, first, second, admin)
    assert_refused_soon(order_service, f"{ORDERS}.ListOrders", second.token)
    assert_refused_soon(user_service, f"{USERS}.ListSessions", second.token)
    assert answer(order_service, f"{ORDERS}.ListOrders", unharmed) == "OK"


def test_deleted_administrator_is_refused_by_the_services(
    api: Api, stack: RunningStack, admin: Account, grpc_clients: dict[str, GrpcClient]
) -> None:
    email, password = unique_email("admin"), unique_password()
    stack.create_admin(email, password)
    other = log_in(api, email, password)
    assert answer(grpc_clients["user-svc"], f"{AUDIT}.ListAuditEvents", other.token) == "OK"
    assert_success(api.send("DELETE", f"/api/v1/users/{other.user_id}", token=admin.token), 204)
    assert_refused_soon(grpc_clients["order-svc"], f"{ORDERS}.ListOrders", other.token)
    assert_refused_soon(grpc_clients["user-svc"], f"{AUDIT}.ListAuditEvents", other.token)
