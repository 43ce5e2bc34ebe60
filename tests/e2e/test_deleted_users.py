"""Orders of a deleted user: those in processing are cancelled, and new ones are refused."""

import time
from typing import Any

import grpc
import pytest

from tests.e2e.accounts import Account, register
from tests.e2e.api import Api
from tests.e2e.bindings import Style
from tests.e2e.grpc_client import ORDERS, GrpcClient
from tests.e2e.orders import create_order, move, order_fields, stored
from tests.e2e.shapes import assert_problem, assert_success
from tests.running.polling import eventually


def _cancelled(api: Api, admin: Account, order: dict[str, Any]) -> dict[str, Any]:
    """Returns the order once it is cancelled."""

    def attempt() -> dict[str, Any] | None:
        now = stored(api, admin.token, order["order_id"])
        return now if now["status"] == "cancelled" else None

    return eventually(attempt, within_s=20, every_s=0.05)


@pytest.mark.parametrize("by", ["oneself", "an administrator"])
def test_processing_orders_are_cancelled_and_others_do_not_change(
    api: Api, newcomer: Account, admin: Account, bob: Account, by: str
) -> None:
    processing = [create_order(api, newcomer.token) for _ in range(3)]
    done, cancelled = create_order(api, newcomer.token), create_order(api, newcomer.token)
    done = move(api, Style.SHORT, admin.token, done["order_id"], "done").json()
    cancelled = move(api, Style.SHORT, newcomer.token, cancelled["order_id"], "cancelled").json()
    his = create_order(api, bob.token)

    actor = newcomer if by == "oneself" else admin
    began_s = time.monotonic()
    assert_success(api.call("DeleteUser", Style.SHORT, {"user_id": newcomer.user_id}, token=actor.token), 204)

    for order in processing:
        now = _cancelled(api, admin, order)
        assert now["version"] == 2
        assert {**now, "status": "processing", "version": 1, "updated_at": order["updated_at"]} == order
    print(f"cancelled after {time.monotonic() - began_s:.3f} s")
    for order in (done, cancelled, his):
        assert stored(api, admin.token, order["order_id"]) == order
    listed = api.call("ListOrders", Style.SHORT, {"user_id": newcomer.user_id}, token=admin.token).json()["orders"]
    assert len(listed) == 5


def test_token_of_a_deleted_user_cannot_create_an_order(
    api: Api, newcomer: Account, admin: Account, grpc_clients: dict[str, GrpcClient]
) -> None:
    order = create_order(api, newcomer.token)
    assert_success(api.call("DeleteUser", token=newcomer.token), 204)
    _cancelled(api, admin, order)
    # The service accepts the token until the revocation arrives; the store refuses the order at once.
    orders = grpc_clients["order-svc"]
    for fields in ({}, {"idempotency_key": "again"}):
        refusal = orders.refusal(f"{ORDERS}.CreateOrder", {**order_fields(), **fields}, token=newcomer.token)
        assert (refusal.status, refusal.reason) == (grpc.StatusCode.UNAUTHENTICATED, "SESSION_INVALID")

    def refused() -> bool | None:
        return True if api.call("CreateOrder", fields=order_fields(), token=newcomer.token).status_code == 401 else None

    eventually(refused, within_s=5)
    response = api.call("CreateOrder", fields=order_fields(), token=newcomer.token)
    assert_problem(response, 401)


def test_new_account_with_the_same_email_has_no_orders(api: Api, newcomer: Account) -> None:
    create_order(api, newcomer.token)
    assert_success(api.call("DeleteUser", token=newcomer.token), 204)
    again = register(api, email=newcomer.email)
    assert api.call("ListOrders", token=again.token).json()["orders"] == []
    create_order(api, again.token)
