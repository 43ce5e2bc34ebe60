"""The handlers of user-svc's events."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field, replace

import pytest
from order_svc.domain.user_deletion import UserDeletion
from order_svc.inbox.handler import UnreadableEventError
from order_svc.inbox.user_events import STREAM, UserEvents
from service_kit.events import Envelope
from shared_contracts.user.v1 import UserDeleted
from user_svc.adapters.outbox.user_events import STREAM as WRITTEN_TO
from user_svc.adapters.outbox.user_events import outbox_row
from user_svc.domain.user import UserDeletion as WrittenEvent

from tests.examples.contracts import headrace_contract
from tests.examples.orders import ALICE, ROOT
from tests.examples.user_events import DELETED_AT, user_deleted

CONTRACT = headrace_contract()


@dataclass
class Forgetting:
    """A fake of ForgetUser. asked: the deletions that it received."""

    asked: list[UserDeletion] = field(default_factory=list)

    async def __call__(self, deletion: UserDeletion) -> AsyncGenerator[int, None]:
        self.asked.append(deletion)
        yield 1


async def handled(event: Envelope) -> UserDeletion:
    forgetting = Forgetting()
    handler = UserEvents(CONTRACT, forgetting).handlers()[event.type]
    assert [part async for part in handler(event)] == [1]
    (asked,) = forgetting.asked
    return asked


async def test_user_deleted_event_becomes_a_user_deletion() -> None:
    event = user_deleted(ALICE.upper(), deleted_by=ROOT, request_id="request-7")
    assert await handled(event) == UserDeletion(ALICE, ROOT, "request-7", DELETED_AT)


async def test_event_that_user_svc_writes_is_read_as_it_was() -> None:
    event_id = user_deleted().event_id
    at, *columns = outbox_row(WrittenEvent(event_id, ALICE, ROOT, DELETED_AT, "request-7"))
    event = Envelope(*columns)
    assert STREAM == WRITTEN_TO == "{events:user.v1}"
    assert (event.event_id, at) == (event_id, DELETED_AT)
    assert await handled(event) == UserDeletion(ALICE, ROOT, "request-7", DELETED_AT)


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (b"", "user_id is required"),
        (b"\xff\xff", "not a user.v1.UserDeleted"),
        (bytes(UserDeleted(user_id="17", deleted_by=ROOT, deleted_at=DELETED_AT)), "user_id must be a UUID"),
        (bytes(UserDeleted(user_id=ALICE, deleted_at=DELETED_AT)), "deleted_by is required"),
        (bytes(UserDeleted(user_id=ALICE, deleted_by=ROOT)), "deleted_at is required"),
        # A time in the year 300 000.
        (
            bytes(UserDeleted(user_id=ALICE, deleted_by=ROOT)) + b"\x1a\x08\x08\x80\xc0\x96\xb5\xad\x89\x02",
            "deleted_at",
        ),
    ],
)
def test_event_that_breaks_the_contract_is_unreadable(payload: bytes, why: str) -> None:
    handler = UserEvents(CONTRACT, Forgetting()).handlers()["user.v1.UserDeleted"]
    with pytest.raises(UnreadableEventError, match=why):
        handler(replace(user_deleted(), payload=payload))


async def test_unknown_field_is_ignored() -> None:
    event = user_deleted(ALICE)
    # Field 15, a string: a later version of the contract may have it.
    extended = replace(event, payload=event.payload + b"\x7a\x03new")
    assert await handled(extended) == await handled(event)
