"""What user-svc tells, in the domain's words."""

from collections.abc import AsyncGenerator, Callable, Mapping
from datetime import UTC
from typing import Any

from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass
from service_kit.contract import Contract
from service_kit.events import Envelope, stream_of
from service_kit.validation import Validator

from order_svc.domain.user_deletion import UserDeletion
from order_svc.inbox.errors import UnreadableEventError
from order_svc.inbox.handler import Handler

#: The use case ForgetUser.
ForgettingUsers = Callable[[UserDeletion], AsyncGenerator[int, None]]

STREAM = stream_of("user.v1")
_USER_DELETED = "user.v1.UserDeleted"


class UserEvents:
    """The handlers of the stream's events. An event is checked by the rules of the contract, as a call is."""

    def __init__(self, contract: Contract, forget_user: ForgettingUsers) -> None:
        self._validator = Validator(contract)
        self._deleted_class = GetMessageClass(contract.pool.FindMessageTypeByName(_USER_DELETED))
        self._forget_user = forget_user

    def handlers(self) -> Mapping[str, Handler]:
        """By the type of the event."""
        return {_USER_DELETED: self._user_deleted}

    def _user_deleted(self, event: Envelope) -> AsyncGenerator[int, None]:
        told = self._read(self._deleted_class, event)
        try:
            at = told.deleted_at.ToDatetime(UTC)
        except ValueError as exc:
            raise UnreadableEventError("deleted_at is no time") from exc
        return self._forget_user(UserDeletion(told.user_id.lower(), told.deleted_by.lower(), event.request_id, at))

    def _read(self, message_class: type[Any], event: Envelope) -> Any:
        try:
            message = message_class.FromString(event.payload)
        except DecodeError as exc:
            raise UnreadableEventError(f"not a {event.type}") from exc
        if violations := self._validator.violations(message):
            raise UnreadableEventError("; ".join(f"{each.field} {each.message}" for each in violations))
        return message
