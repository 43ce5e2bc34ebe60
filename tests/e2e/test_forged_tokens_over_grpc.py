"""Forged tokens sent directly to the services: they refuse them without the gateway, and store nothing.

Every forgery is tried in process (tests/unit/service_kit/tokens/test_verifier_forgeries.py); here it is one of
each family.
"""

from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest

from tests.e2e.accounts import Account
from tests.e2e.bindings import UNKNOWN_ID
from tests.e2e.grpc_client import ORDERS, USERS, GrpcClient, Refusal
from tests.e2e.grpc_metadata import Metadata, bearer, claimed, refused, rows
from tests.e2e.orders import order_fields
from tests.e2e.running_stack import RunningStack
from tests.e2e.signers import signer_of
from tests.examples.forgeries import FORGERIES, FORGERY_SAMPLE, Signer

WRITES: dict[str, tuple[str, dict[str, Any]]] = {
    f"{ORDERS}.CreateOrder": ("order-svc", order_fields()),
    f"{ORDERS}.UpdateOrderStatus": ("order-svc", {"order_id": UNKNOWN_ID, "status": "ORDER_STATUS_CANCELLED"}),
    f"{ORDERS}.DeleteOrder": ("order-svc", {"order_id": UNKNOWN_ID}),
    f"{USERS}.DeleteUser": ("user-svc", {}),
    f"{USERS}.ChangePassword": ("user-svc", {"current_password": "a" * 20, "new_password": "correct horse 77"}),
    f"{USERS}.Logout": ("user-svc", {}),
    f"{USERS}.RevokeSession": ("user-svc", {"session_id": "unknown"}),
}


@pytest.fixture(scope="module")
def signer(stack: RunningStack, alice: Account) -> Signer:
    return signer_of(stack, alice.token)


@pytest.fixture
def nothing_is_written(stack: RunningStack) -> Iterator[None]:
    """Checks that all tables have as many rows after the test as before."""
    before = rows(stack)
    assert {"orders", "users"} <= {table for _, table in before}
    yield
    assert rows(stack) == before


@pytest.mark.parametrize("name", FORGERY_SAMPLE)
def test_forged_token_is_refused_by_each_service(
    grpc_clients: dict[str, GrpcClient], signer: Signer, name: str
) -> None:
    metadata = bearer(FORGERIES[name](signer))
    for method, service in ((f"{USERS}.GetUser", "user-svc"), (f"{ORDERS}.ListOrders", "order-svc")):
        refusal = refused(grpc_clients[service], method, {}, metadata)
        assert refusal == Refusal(grpc.StatusCode.UNAUTHENTICATED, "TOKEN_INVALID", "headrace", {})


MISSING, INVALID, EXPIRED = "CREDENTIALS_MISSING", "TOKEN_INVALID", "TOKEN_EXPIRED"
#: Metadata in place of one valid token, and the reason of the refusal.
CREDENTIALS: dict[str, tuple[str, Callable[[Signer], Metadata]]] = {
    "nothing": (MISSING, lambda signer: ()),
    "nothing, and an identity": (MISSING, lambda signer: claimed(signer.claims["sub"])),
    "an empty authorization": (MISSING, lambda signer: (("authorization", ""),)),
    "another scheme": (MISSING, lambda signer: (("authorization", f"Basic {signer.mint()}"),)),
    "no scheme": (MISSING, lambda signer: (("authorization", signer.mint()),)),
    "in binary": (MISSING, lambda signer: (("authorization-bin", b"Bearer " + signer.mint().encode()),)),
    "under another name": (MISSING, lambda signer: (("x-access-token", signer.mint()),)),
    "of another key": (INVALID, lambda signer: bearer(signer.thief().mint())),
    "of another key, and an identity": (
        INVALID,
        lambda signer: bearer(signer.thief().mint()) + claimed(signer.claims["sub"]),
    ),
    "no token": (INVALID, lambda signer: (("authorization", "Bearer x"),)),
    "expired": (EXPIRED, lambda signer: bearer(signer.mint(claims={"exp": signer.claims["iat"] - 60}))),
    "alg none": (INVALID, lambda signer: bearer(FORGERIES["algorithm: alg 'none' unsigned"](signer))),
    "two in one": (INVALID, lambda signer: (("authorization", f"Bearer {signer.mint()}, Bearer {signer.mint()}"),)),
    "good and forged": (INVALID, lambda signer: bearer(signer.mint()) + bearer(signer.thief().mint())),
    "forged and good": (INVALID, lambda signer: bearer(signer.thief().mint()) + bearer(signer.mint())),
    "good and of another scheme": (INVALID, lambda signer: (*bearer(signer.mint()), ("authorization", "Basic x"))),
}


@pytest.mark.usefixtures("nothing_is_written")
@pytest.mark.parametrize(("reason", "metadata"), CREDENTIALS.values(), ids=CREDENTIALS)
def test_write_without_a_valid_token_is_refused_and_changes_nothing(
    grpc_clients: dict[str, GrpcClient], signer: Signer, reason: str, metadata: Callable[[Signer], Metadata]
) -> None:
    for method, (service, fields) in WRITES.items():
        refusal = refused(grpc_clients[service], method, fields, metadata(signer))
        assert refusal == Refusal(grpc.StatusCode.UNAUTHENTICATED, reason, "headrace", {}), method
