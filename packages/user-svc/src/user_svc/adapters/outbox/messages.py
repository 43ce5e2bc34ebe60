"""What happened, as messages of the contract."""

from typing import Any

from service_kit.events import Envelope, stream_of
from service_kit.request.context import current_request
from shared_contracts.user.v1 import UserDeleted as UserDeletedMessage

from user_svc.domain.user_deleted import UserDeleted

_PACKAGE = "user.v1"
STREAM = stream_of(_PACKAGE)


def outbox_row(deleted: UserDeleted) -> tuple[Any, ...]:
    """The event as the arguments of the table's INSERT."""
    message = UserDeletedMessage(deleted.user_id, deleted.deleted_by, deleted.at)
    request = current_request()
    traceparent = request.trace.traceparent if request is not None else ""
    event = Envelope(deleted.event_id, f"{_PACKAGE}.UserDeleted", bytes(message), deleted.request_id, traceparent)
    return (deleted.at, event.event_id, event.type, event.payload, event.request_id, event.traceparent)
