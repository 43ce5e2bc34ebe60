"""The errors of the domain. Texts of OrderError are shown to the client."""

from typing import ClassVar, NamedTuple


class BrokenRule(NamedTuple):
    """A rule that a field of the request breaks.

    Args:
        field: the path of the field.
        rule: the stable id of the rule.
        message: the rule in words, for people.
    """

    field: str
    rule: str
    message: str


class OrderError(Exception):
    """Base of the errors that the client caused; the text is shown to the client."""

    violations: ClassVar[tuple[BrokenRule, ...]] = ()


class OrderNotFoundError(OrderError):
    """There is no such order, or it is another user's: the client cannot distinguish the two."""

    def __init__(self) -> None:
        super().__init__("There is no such order.")


class OwnerUnknownError(OrderError):
    """The actor may not list this user's orders, nor learn whether the user exists."""

    def __init__(self) -> None:
        super().__init__("There is no such user.")


class OwnerDeletedError(OrderError):
    """The owner of a new order was deleted; their access token is valid until it expires."""

    def __init__(self) -> None:
        super().__init__("This account was deleted.")


class ActionForbiddenError(OrderError):
    """The actor may see the order, but not change it in this way."""


class VersionMismatchError(OrderError):
    """The order is at another version than the actor expects."""

    def __init__(self) -> None:
        super().__init__("The order has changed; read it again.")


class TransitionNotAllowedError(OrderError):
    """The order's status does not allow the requested one."""


class TotalTooLargeError(OrderError):
    """The order's total is above MAX_TOTAL_MINOR."""

    violations: ClassVar[tuple[BrokenRule, ...]] = (
        BrokenRule("lines", "order.total_max", "the total must be at most 9007199254740991"),
    )

    def __init__(self) -> None:
        super().__init__("The order's total is too large.")


class IdempotencyKeyReusedError(OrderError):
    """The key was used by an earlier request for another order."""

    def __init__(self) -> None:
        super().__init__("The idempotency key was used before with another request.")


class IdempotencyKeyInUseError(OrderError):
    """A request with this key is still in progress."""

    retry_after_s: ClassVar[float] = 1.0

    def __init__(self) -> None:
        super().__init__("A request with this idempotency key is still in progress.")


class DependencyUnavailableError(Exception):
    """A store or service that the request needs is unavailable. dependency: its name, which is shown to the client."""

    retry_after_s: ClassVar[float] = 1.0

    def __init__(self, dependency: str) -> None:
        super().__init__(f"{dependency} is unavailable")
