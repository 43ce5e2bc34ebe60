"""Maps the errors of the domain to gRPC statuses and reasons of the contract."""

from grpclib.const import Status
from service_kit.grpc.errors import ErrorTable
from service_kit.request.page_tokens import PageTokenInvalidError

from order_svc.domain.errors import (
    ActionForbiddenError,
    DependencyUnavailableError,
    IdempotencyKeyInUseError,
    IdempotencyKeyReusedError,
    OrderNotFoundError,
    OwnerDeletedError,
    OwnerUnknownError,
    TotalTooLargeError,
    TransitionNotAllowedError,
    VersionMismatchError,
)

ERROR_TABLE: ErrorTable = {
    OrderNotFoundError: (Status.NOT_FOUND, "ORDER_NOT_FOUND"),
    OwnerUnknownError: (Status.NOT_FOUND, "USER_NOT_FOUND"),
    OwnerDeletedError: (Status.UNAUTHENTICATED, "SESSION_INVALID"),
    ActionForbiddenError: (Status.PERMISSION_DENIED, "ACCESS_DENIED"),
    VersionMismatchError: (Status.ABORTED, "VERSION_MISMATCH"),
    TransitionNotAllowedError: (Status.FAILED_PRECONDITION, "ORDER_TRANSITION_NOT_ALLOWED"),
    TotalTooLargeError: (Status.INVALID_ARGUMENT, "ORDER_TOTAL_TOO_LARGE"),
    IdempotencyKeyReusedError: (Status.FAILED_PRECONDITION, "IDEMPOTENCY_KEY_REUSED"),
    IdempotencyKeyInUseError: (Status.ABORTED, "IDEMPOTENCY_KEY_IN_USE"),
    PageTokenInvalidError: (Status.INVALID_ARGUMENT, "PAGE_TOKEN_INVALID"),
    DependencyUnavailableError: (Status.UNAVAILABLE, "DEPENDENCY_UNAVAILABLE"),
}
