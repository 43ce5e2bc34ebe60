"""Access rights in the services themselves, without the gateway: only the access token counts."""

import grpc

from tests.e2e.accounts import Account
from tests.e2e.api import Api
from tests.e2e.bindings import UNKNOWN_ID
from tests.e2e.grpc_client import ORDERS, USERS, GrpcClient, Refusal
from tests.e2e.grpc_metadata import bearer, claimed, refused, rows
from tests.e2e.orders import create_order, order_fields, stored
from tests.e2e.running_stack import RunningStack

USER_METHODS = {f"{USERS}.GetUser": "user-svc", f"{USERS}.DeleteUser": "user-svc", f"{ORDERS}.ListOrders": "order-svc"}
AUDIT = "user.v1.AuditService"


def test_resources_of_another_user_are_not_found(
    api: Api, stack: RunningStack, grpc_clients: dict[str, GrpcClient], alice: Account, bob: Account
) -> None:
    order = create_order(api, alice.token)
    before = rows(stack)
    metadata = bearer(bob.token) + claimed(alice.user_id)
    for method, fields in {
        f"{ORDERS}.GetOrder": {},
        f"{ORDERS}.UpdateOrderStatus": {"status": "ORDER_STATUS_CANCELLED"},
        f"{ORDERS}.DeleteOrder": {},
    }.items():
        for order_id in (order["order_id"], UNKNOWN_ID):
            refusal = refused(grpc_clients["order-svc"], method, {**fields, "order_id": order_id}, metadata)
            assert refusal == Refusal(grpc.StatusCode.NOT_FOUND, "ORDER_NOT_FOUND", "headrace", {})
    for method, service in USER_METHODS.items():
        for user_id in (alice.user_id, UNKNOWN_ID):
            refusal = refused(grpc_clients[service], method, {"user_id": user_id}, metadata)
            assert refusal == Refusal(grpc.StatusCode.NOT_FOUND, "USER_NOT_FOUND", "headrace", {})
    assert rows(stack) == before
    assert stored(api, alice.token, order["order_id"]) == order


def test_identity_in_metadata_is_ignored(grpc_clients: dict[str, GrpcClient], alice: Account, bob: Account) -> None:
    channel = grpc_clients["order-svc"].channel
    method = f"{ORDERS}.CreateOrder"
    request = grpc_clients["order-svc"].request(method, order_fields()).SerializeToString()
    metadata = bearer(bob.token) + claimed(alice.user_id)
    answer = channel.unary_unary(f"/{ORDERS}/CreateOrder")(request, metadata=metadata, timeout=10)
    assert bob.user_id.encode() in answer
    assert alice.user_id.encode() not in answer


def test_admin_methods_are_refused_to_ordinary_users(
    grpc_clients: dict[str, GrpcClient], alice: Account, admin: Account
) -> None:
    client, method = grpc_clients["user-svc"], f"{AUDIT}.ListAuditEvents"
    metadata = bearer(alice.token) + claimed(admin.user_id)
    refusal = refused(client, method, {}, metadata)
    assert refusal == Refusal(grpc.StatusCode.PERMISSION_DENIED, "ACCESS_DENIED", "headrace", {})
    refusal = refused(client, method, {}, ())
    assert refusal == Refusal(grpc.StatusCode.UNAUTHENTICATED, "CREDENTIALS_MISSING", "headrace", {})
    client.call(method, token=admin.token)
