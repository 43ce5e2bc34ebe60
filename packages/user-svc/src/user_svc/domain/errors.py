"""The domain's errors. Their texts reach the client, so they contain nothing internal.

rpc/error_table.py maps each of them to a gRPC status and a reason of the contract. `violations` and `retry_after_s`
travel with the error, where it has them.
"""

from typing import ClassVar, NamedTuple


class BrokenRule(NamedTuple):
    """A rule that a field of the request breaks. field: its path. rule: the rule's stable id. message: for people."""

    field: str
    rule: str
    message: str


class EmailTakenError(Exception):
    """An account with this email exists."""

    def __init__(self) -> None:
        super().__init__("an account with this email exists")


class InvalidCredentialsError(Exception):
    """The email or the password is wrong. The error does not say which."""

    def __init__(self) -> None:
        super().__init__("the email or the password is wrong")


class LoginThrottledError(Exception):
    """Too many attempts have failed. This attempt was not checked. retry_after_s: when to try again, in seconds."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__("too many attempts have failed")
        self.retry_after_s = retry_after_s


class AccessDeniedError(Exception):
    """The operation is for administrators, and the actor is not one."""

    def __init__(self) -> None:
        super().__init__("only administrators may do this")


class LastAdminError(Exception):
    """The change would leave the platform without an administrator."""

    def __init__(self) -> None:
        super().__init__("this is the last administrator")


class UserNotFoundError(Exception):
    """The user does not exist, or the actor may not know of it."""

    def __init__(self) -> None:
        super().__init__("no such user")


class EventNotFoundError(Exception):
    """The outbox holds no event with this id."""

    def __init__(self) -> None:
        super().__init__("no such event")


class SessionNotFoundError(Exception):
    """The actor has no live session with this id."""

    def __init__(self) -> None:
        super().__init__("no such session")


class SessionInvalidError(Exception):
    """The session has ended, was revoked or never existed, or the session key is malformed or forged."""

    def __init__(self) -> None:
        super().__init__("the session has ended")


class SessionReusedError(Exception):
    """A session key was presented after its successor: one of its two holders is a thief, so the session was ended."""

    def __init__(self, session_id: str, user_id: str) -> None:
        super().__init__("a session key was used again after its successor; the session is revoked")
        self.session_id = session_id
        self.user_id = user_id


class PasswordRefusedError(Exception):
    """A new password breaks a rule.

    Args:
        rule: the rule's id: "string.min_len", "string.max_len", "password.common" or "password.unchanged".
        message: continues "the password …".
        field: the request's field that holds the password.
    """

    def __init__(self, rule: str, message: str, field: str = "password") -> None:
        super().__init__(f"the password {message}")
        self.rule = rule
        self.violations = (BrokenRule(field, rule, message),)


class PasswordQueueFullError(Exception):
    """The queue for hashing passwords is full. retry_after_s: when a place should be free again, in seconds."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__("too many passwords are being checked")
        self.retry_after_s = retry_after_s


class PeriodEmptyError(Exception):
    """The period of a list ends at or before its start."""

    violations: ClassVar[tuple[BrokenRule, ...]] = (
        BrokenRule("until", "period.not_empty", "must be later than since"),
    )

    def __init__(self) -> None:
        super().__init__("the period is empty")


class DependencyUnavailableError(Exception):
    """A store cannot be reached or does not answer in time. retry_after_s: when to try again, in seconds."""

    def __init__(self, dependency: str, retry_after_s: float = 1.0) -> None:
        super().__init__(f"{dependency} is unavailable")
        self.retry_after_s = retry_after_s
