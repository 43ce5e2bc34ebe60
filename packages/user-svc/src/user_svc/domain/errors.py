"""What can go wrong, in the domain's own words. Texts may cross process borders: nothing internal belongs in them."""


class EmailTakenError(Exception):
    """An account with this email exists."""

    def __init__(self) -> None:
        super().__init__("an account with this email exists")


class InvalidCredentialsError(Exception):
    """The email or the password is wrong. It never says which."""

    def __init__(self) -> None:
        super().__init__("the email or the password is wrong")


class LoginThrottledError(Exception):
    """Too many attempts have failed; it says nothing about this one. retry_after_s: when to try again, in seconds."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__("too many attempts have failed")
        self.retry_after_s = retry_after_s


class AccessDeniedError(Exception):
    """The actor may not do this to anybody."""

    def __init__(self) -> None:
        super().__init__("only administrators may do this")


class LastAdminError(Exception):
    """The change would leave the platform without an administrator."""

    def __init__(self) -> None:
        super().__init__("this is the last administrator")


class UserNotFoundError(Exception):
    """No such user, or not one that the actor may know of."""

    def __init__(self) -> None:
        super().__init__("no such user")


class EventNotFoundError(Exception):
    """No such event is on record."""

    def __init__(self) -> None:
        super().__init__("no such event")


class SessionNotFoundError(Exception):
    """No such session of the actor."""

    def __init__(self) -> None:
        super().__init__("no such session")


class SessionInvalidError(Exception):
    """The session has ended, was revoked, or never existed, or the session key is not one of ours."""

    def __init__(self) -> None:
        super().__init__("the session has ended")


class SessionReusedError(Exception):
    """A session key came back after its successor: one of the two holders is a thief, so the session was revoked."""

    def __init__(self, session_id: str, user_id: str) -> None:
        super().__init__("a session key was used again after its successor; the session is revoked")
        self.session_id = session_id
        self.user_id = user_id


class PasswordRefusedError(Exception):
    """A new password breaks a rule. rule: the rule's id, "string.min_len" or "password.common"."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(f"the password {message}")
        self.rule = rule
        self.message = message


class PasswordQueueFullError(Exception):
    """As many passwords wait to be hashed as may. retry_after_s: when there should be room again, in seconds."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__("too many passwords are being checked")
        self.retry_after_s = retry_after_s


class PeriodEmptyError(Exception):
    """A period that ends before it begins, or as it does."""

    def __init__(self) -> None:
        super().__init__("the period is empty")


class DependencyUnavailableError(Exception):
    """A store cannot be reached or does not answer in time. retry_after_s: when to try again, in seconds."""

    def __init__(self, dependency: str, retry_after_s: float = 1.0) -> None:
        super().__init__(f"{dependency} is unavailable")
        self.retry_after_s = retry_after_s
