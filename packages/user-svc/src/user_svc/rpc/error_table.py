"""The domain's errors as gRPC statuses and reasons of the contract."""

from grpclib.const import Status
from service_kit.grpc.errors import ErrorTable
from service_kit.request.page_tokens import PageTokenInvalidError

from user_svc.domain.errors import (
    AccessDeniedError,
    DependencyUnavailableError,
    EmailTakenError,
    EventNotFoundError,
    InvalidCredentialsError,
    LastAdminError,
    LoginThrottledError,
    PasswordQueueFullError,
    PasswordRefusedError,
    PeriodEmptyError,
    SessionInvalidError,
    SessionNotFoundError,
    SessionReusedError,
    UserNotFoundError,
)

ERROR_TABLE: ErrorTable = {
    EmailTakenError: (Status.ALREADY_EXISTS, "EMAIL_TAKEN"),
    InvalidCredentialsError: (Status.UNAUTHENTICATED, "INVALID_CREDENTIALS"),
    LoginThrottledError: (Status.RESOURCE_EXHAUSTED, "LOGIN_THROTTLED"),
    AccessDeniedError: (Status.PERMISSION_DENIED, "ACCESS_DENIED"),
    LastAdminError: (Status.FAILED_PRECONDITION, "LAST_ADMIN"),
    UserNotFoundError: (Status.NOT_FOUND, "USER_NOT_FOUND"),
    EventNotFoundError: (Status.NOT_FOUND, "EVENT_NOT_FOUND"),
    SessionNotFoundError: (Status.NOT_FOUND, "SESSION_NOT_FOUND"),
    SessionInvalidError: (Status.UNAUTHENTICATED, "SESSION_INVALID"),
    SessionReusedError: (Status.UNAUTHENTICATED, "SESSION_REUSED"),
    PasswordRefusedError: (Status.INVALID_ARGUMENT, "PASSWORD_REFUSED"),
    PasswordQueueFullError: (Status.RESOURCE_EXHAUSTED, "PASSWORD_QUEUE_FULL"),
    PeriodEmptyError: (Status.INVALID_ARGUMENT, "INVALID_REQUEST"),
    PageTokenInvalidError: (Status.INVALID_ARGUMENT, "PAGE_TOKEN_INVALID"),
    DependencyUnavailableError: (Status.UNAVAILABLE, "DEPENDENCY_UNAVAILABLE"),
}
