"""Why something that was asked of an order is not done."""

from typing import ClassVar, NamedTuple


class BrokenRule(NamedTuple):
    """A rule that a field of the request breaks. field: its path. rule: the rule's stable id. message: for people."""

    field: str
    rule: str
    message: str


class OrderError(Exception):
    """The caller asked for something that cannot be. The text is for the caller."""

    violations: ClassVar[tuple[BrokenRule, ...]] = ()


class OrderNotFoundError(OrderError):
    """No such order, or somebody else's: the two must not be told apart."""

    def __init__(self) -> None:
        super().__init__("There is no such order.")


class OwnerUnknownError(OrderError):
    """Orders of a user whom the actor may know nothing of."""

    def __init__(self) -> None:
        super().__init__("There is no such user.")


class OwnerDeletedError(OrderError):
    """The user who would own the order is gone; only their access token is still good."""

    def __init__(self) -> None:
        super().__init__("This account was deleted.")


class ActionForbiddenError(OrderError):
    """The actor may see the order, but not do this to it."""


class VersionMismatchError(OrderError):
    """The order is no longer as the actor has seen it."""

    def __init__(self) -> None:
        super().__init__("The order has changed since; read it again.")


class TransitionNotAllowedError(OrderError):
    """The order's status has no way to the one asked for."""


class TotalTooLargeError(OrderError):
    """The order's total is more than an amount can be."""

    violations: ClassVar[tuple[BrokenRule, ...]] = (
        BrokenRule("lines", "order.total_max", "the total must be at most 9007199254740991"),
    )

    def __init__(self) -> None:
        super().__init__("The order's total is too large.")


class IdempotencyKeyReusedError(OrderError):
    """The key names an earlier request that asked for something else."""

    def __init__(self) -> None:
        super().__init__("The idempotency key was used before with another request.")


class IdempotencyKeyInUseError(OrderError):
    """A request with this key is still in progress."""

    retry_after_s: ClassVar[float] = 1.0

    def __init__(self) -> None:
        super().__init__("A request with this idempotency key is still in progress.")


class DependencyUnavailableError(Exception):
    """Whatever keeps the orders does not answer now. Nobody's request is at fault; the text stays general."""

    retry_after_s: ClassVar[float] = 1.0
