"""Calls over gRPC, and how they fail."""

import secrets
from typing import Any

import pytest
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from grpclib.const import Status
from grpclib.exceptions import GRPCError
from shared_contracts.user.v1 import (
    RegisterRequest,
    RegisterResponse,
    UserServiceStub,
)

from tests.examples.users import PASSWORD


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def registered(users: UserServiceStub, **metadata: str) -> RegisterResponse:
    request = RegisterRequest(email=f"{secrets.token_hex(8)}@Example.com", name="Ada", password=PASSWORD)
    return await users.register(request, metadata=metadata)


async def refused(call: Any) -> tuple[Status, str, list[tuple[str, str]]]:
    """Returns how a call fails: status, reason, and (field, rule) of each violation."""
    with pytest.raises(GRPCError) as error:
        await call
    details = error.value.details or []
    (reason,) = (detail.reason for detail in details if isinstance(detail, ErrorInfo))
    requests = [detail for detail in details if isinstance(detail, BadRequest)]
    return error.value.status, reason, [(v.field, v.reason) for each in requests for v in each.field_violations]
