"""A third-party gRPC client calls the services directly: they do not depend on the gateway's checks."""

import grpc
import pytest

from tests.e2e.accounts import Account, registration
from tests.e2e.bindings import UNKNOWN_ID
from tests.e2e.grpc_client import ORDERS, SESSIONS, USERS, GrpcClient, Refusal, refusal_of
from tests.e2e.orders import order_line
from tests.e2e.shapes import assert_uuid7

NEW_ORDER = {"currency": "EUR", "lines": [order_line()]}
PROTECTED = {
    "user-svc": ["GetUser", "ExtractToken", "DeleteUser", "Logout", "ListSessions"],
    "order-svc": ["ListOrders"],
}


@pytest.mark.parametrize(("name", "method"), [(name, method) for name in PROTECTED for method in PROTECTED[name]])
@pytest.mark.parametrize("token", [None, "rubbish", "e30.e30.e30"])
def test_call_without_a_token_is_refused(
    grpc_clients: dict[str, GrpcClient], name: str, method: str, token: str | None
) -> None:
    service = USERS if name == "user-svc" else ORDERS
    refusal = grpc_clients[name].refusal(f"{service}.{method}", token=token)
    assert refusal.status is grpc.StatusCode.UNAUTHENTICATED
    assert (refusal.reason, refusal.domain) == ("TOKEN_INVALID" if token else "CREDENTIALS_MISSING", "headrace")


def test_call_with_a_token_is_served(grpc_clients: dict[str, GrpcClient], alice: Account) -> None:
    answer = grpc_clients["user-svc"].call(f"{USERS}.GetUser", token=alice.token)
    assert (answer.user.user_id, answer.user.email) == (alice.user_id, alice.email)
    created = grpc_clients["order-svc"].call(f"{ORDERS}.CreateOrder", NEW_ORDER, token=alice.token)
    assert_uuid7(created.order.order_id)
    assert (created.order.user_id, created.order.total_minor, created.order_id) == (
        alice.user_id,
        300,
        created.order.order_id,
    )
    shown = grpc_clients["order-svc"].call(f"{ORDERS}.GetOrder", {"order_id": created.order_id}, token=alice.token)
    assert shown.order == created.order


def test_register_and_login_work_over_grpc(grpc_clients: dict[str, GrpcClient]) -> None:
    fields = registration()
    registered = grpc_clients["user-svc"].call(f"{USERS}.Register", fields)
    assert registered.session.session_key
    fields.pop("name")
    logged_in = grpc_clients["user-svc"].call(f"{USERS}.Login", fields)
    assert logged_in.user == registered.user
    shown = grpc_clients["user-svc"].call(f"{USERS}.GetUser", token=logged_in.access_token)
    assert shown.user == registered.user


def test_invalid_fields_are_named_in_the_error(grpc_clients: dict[str, GrpcClient], alice: Account) -> None:
    fields = {"currency": "ZZZ", "lines": [order_line(quantity=0, sku="s" * 65)]}
    refusal = grpc_clients["order-svc"].refusal(f"{ORDERS}.CreateOrder", fields, token=alice.token)
    assert (refusal.status, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST")
    assert {"currency", "lines[0].quantity", "lines[0].sku"} <= refusal.violations.keys()
    refusal = grpc_clients["user-svc"].refusal(f"{USERS}.Register", {"email": "x", "name": "A"})
    assert refusal.status is grpc.StatusCode.INVALID_ARGUMENT
    assert refusal.violations.keys() == {"email", "name", "password"}


def test_service_validates_messages_that_the_gateway_never_sends(
    grpc_clients: dict[str, GrpcClient], alice: Account
) -> None:
    for fields in ({"page_size": 0}, {"page_size": 101}, {"status": "ORDER_STATUS_UNSPECIFIED"}, {"status": 99}):
        refusal = grpc_clients["order-svc"].refusal(f"{ORDERS}.ListOrders", fields, token=alice.token)
        assert refusal.status is grpc.StatusCode.INVALID_ARGUMENT, fields


@pytest.mark.parametrize("request_bytes", [b"\xff" * 10, b"\x0a\xff", b"\x0a\x02\xff\xfe"], ids=repr)
def test_bytes_that_are_not_a_message_are_refused(
    grpc_clients: dict[str, GrpcClient], alice: Account, request_bytes: bytes
) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        grpc_clients["order-svc"].call_raw(f"{ORDERS}.GetOrder", request_bytes, token=alice.token)
    assert refusal_of(refused.value).status is grpc.StatusCode.INVALID_ARGUMENT


def test_message_over_4_mib_is_refused(grpc_clients: dict[str, GrpcClient], alice: Account) -> None:
    fields = {"currency": "EUR", "lines": [order_line(sku="s" * 5 * 1024 * 1024)]}
    refusal = grpc_clients["order-svc"].refusal(f"{ORDERS}.CreateOrder", fields, token=alice.token)
    assert (refusal.status, refusal.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE")


def test_identity_in_a_field_is_ignored(grpc_clients: dict[str, GrpcClient], alice: Account, bob: Account) -> None:
    fields = {"user_id": alice.user_id}
    refusal = grpc_clients["order-svc"].refusal(f"{ORDERS}.ListOrders", fields, token=bob.token)
    assert (refusal.status, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "USER_NOT_FOUND")
    refusal = grpc_clients["user-svc"].refusal(f"{USERS}.DeleteUser", fields, token=bob.token)
    assert (refusal.status, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "USER_NOT_FOUND")


def test_error_reason_is_in_the_trailers(grpc_clients: dict[str, GrpcClient], alice: Account) -> None:
    fields = registration(email=alice.email)
    expected = Refusal(grpc.StatusCode.ALREADY_EXISTS, "EMAIL_TAKEN", "headrace", {})
    assert grpc_clients["user-svc"].refusal(f"{USERS}.Register", fields) == expected
    expected = Refusal(grpc.StatusCode.NOT_FOUND, "ORDER_NOT_FOUND", "headrace", {})
    found = grpc_clients["order-svc"].refusal(f"{ORDERS}.GetOrder", {"order_id": UNKNOWN_ID}, token=alice.token)
    assert found == expected


def test_session_key_is_renewed_over_grpc(grpc_clients: dict[str, GrpcClient], newcomer: Account) -> None:
    key = newcomer.cookie.partition("=")[2]
    renewed = grpc_clients["user-svc"].call(f"{SESSIONS}.RenewSession", {"session_key": key})
    assert renewed.grant.session_key != key
    assert renewed.expires_in > 0
    refusal = grpc_clients["user-svc"].refusal(f"{SESSIONS}.RenewSession", {"session_key": key[:-1] + "!"})
    assert (refusal.status, refusal.reason) == (grpc.StatusCode.UNAUTHENTICATED, "SESSION_INVALID")


@pytest.mark.parametrize(
    ("name", "path"), [("user-svc", "/user.v1.UserService/Nothing"), ("order-svc", "/no.Such/Thing")]
)
def test_unknown_method_is_unimplemented(grpc_clients: dict[str, GrpcClient], name: str, path: str) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        grpc_clients[name].channel.unary_unary(path)(b"", timeout=10)
    assert refusal_of(refused.value).status is grpc.StatusCode.UNIMPLEMENTED
