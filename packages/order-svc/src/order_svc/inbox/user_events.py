"""Handlers of the events of user-svc."""

from collections.abc import AsyncGenerator, Callable, Mapping
from datetime import UTC
from typing import Any

from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass
from service_kit.contract import Contract
from service_kit.events import Envelope, stream_of
from service_kit.validation import Validator

from order_svc.domain.user_deletion import UserDeletion
from order_svc.inbox.handler import Handler, UnreadableEventError

#: The use case ForgetUser.
ForgetUserUseCase = Callable[[UserDeletion], AsyncGenerator[int, None]]

STREAM = stream_of("user.v1")
_USER_DELETED = "user.v1.UserDeleted"


class UserEvents:
    """Handles the events of the stream. An event is validated by the rules of the contract, like a request.

    Args:
        contract: defines the messages and their rules.
        forget_user: the use case ForgetUser.
    """

    def __init__(self, contract: Contract, forget_user: ForgetUserUseCase) -> None:
        self._validator = Validator(contract)
        self._deleted_class = GetMessageClass(contract.pool.FindMessageTypeByName(_USER_DELETED))
        self._forget_user = forget_user

    def handlers(self) -> Mapping[str, Handler]:
        """Returns the handlers by the type of the event."""
        return {_USER_DELETED: self._user_deleted}

    def _user_deleted(self, event: Envelope) -> AsyncGenerator[int, None]:
        message = self._read(self._deleted_class, event)
        try:
            at = message.deleted_at.ToDatetime(UTC)
        except ValueError as exc:
            raise UnreadableEventError("deleted_at is no time") from exc
        user_id, deleted_by = message.user_id.lower(), message.deleted_by.lower()
        return self._forget_user(UserDeletion(user_id, deleted_by, event.request_id, at))

    def _read(self, message_class: type[Any], event: Envelope) -> Any:
        try:
            message = message_class.FromString(event.payload)
        except DecodeError as exc:
            raise UnreadableEventError(f"not a {event.type}") from exc
        if violations := self._validator.violations(message):
            raise UnreadableEventError("; ".join(f"{each.field} {each.message}" for each in violations))
        return message
