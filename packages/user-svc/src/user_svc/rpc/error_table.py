"""The domain's errors as gRPC statuses and the contract's reasons."""

from grpclib.const import Status
from service_kit.grpc.errors import ErrorTable

from user_svc.domain.errors import (
    DependencyUnavailableError,
    EmailTakenError,
    InvalidCredentialsError,
    PasswordQueueFullError,
    PasswordRefusedError,
    SessionInvalidError,
    SessionNotFoundError,
    SessionReusedError,
    UserNotFoundError,
)

ERROR_TABLE: ErrorTable = {
    EmailTakenError: (Status.ALREADY_EXISTS, "EMAIL_TAKEN"),
    InvalidCredentialsError: (Status.UNAUTHENTICATED, "INVALID_CREDENTIALS"),
    UserNotFoundError: (Status.NOT_FOUND, "USER_NOT_FOUND"),
    SessionNotFoundError: (Status.NOT_FOUND, "SESSION_NOT_FOUND"),
    SessionInvalidError: (Status.UNAUTHENTICATED, "SESSION_INVALID"),
    SessionReusedError: (Status.UNAUTHENTICATED, "SESSION_REUSED"),
    PasswordRefusedError: (Status.INVALID_ARGUMENT, "PASSWORD_REFUSED"),
    PasswordQueueFullError: (Status.RESOURCE_EXHAUSTED, "PASSWORD_QUEUE_FULL"),
    DependencyUnavailableError: (Status.UNAVAILABLE, "DEPENDENCY_UNAVAILABLE"),
}
