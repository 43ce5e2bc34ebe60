"""The error table covers the domain's errors and the contract's reasons."""

from order_svc.domain import errors
from order_svc.rpc.error_table import ERROR_TABLE
from shared_contracts.headrace.v1 import Reason as PlatformReason
from shared_contracts.order.v1 import Reason


def test_every_reason_is_in_the_contract() -> None:
    known = {reason.name for catalogue in (Reason, PlatformReason) for reason in catalogue}
    assert {reason for _, reason in ERROR_TABLE.values()} <= known


def test_every_reason_of_the_service_has_an_error() -> None:
    used = {reason for _, reason in ERROR_TABLE.values()}
    assert {reason.name for reason in Reason} - {"UNSPECIFIED"} <= used


def test_every_error_of_the_domain_is_in_the_table() -> None:
    kinds = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)}
    assert kinds - {errors.OrderError} <= ERROR_TABLE.keys()
