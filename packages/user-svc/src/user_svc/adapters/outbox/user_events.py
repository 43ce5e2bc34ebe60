"""The events of accounts, as messages of the contract."""

from typing import Any

from service_kit.events import Envelope, stream_of
from service_kit.request.context import current_request
from shared_contracts.user.v1 import UserDeleted

from user_svc.domain.user import UserDeletion

_PACKAGE = "user.v1"
STREAM = stream_of(_PACKAGE)


def outbox_row(deletion: UserDeletion) -> tuple[Any, ...]:
    """Returns the event as the parameters of the table's INSERT."""
    message = UserDeleted(deletion.user_id, deletion.deleted_by, deletion.at)
    request = current_request()
    traceparent = request.trace.traceparent if request is not None else ""
    event = Envelope(deletion.event_id, f"{_PACKAGE}.UserDeleted", bytes(message), deletion.request_id, traceparent)
    return (deletion.at, event.event_id, event.type, event.payload, event.request_id, event.traceparent)
