import asyncio
from typing import Any

from gateway.server import inbox as module
from gateway.server.inbox import Inbox

PIECE = b"x" * (module._MAX_BYTES // 2 + 1)
END = {"type": "http.request", "body": b"", "more_body": False}
GONE = {"type": "http.disconnect"}


def piece(body: bytes = PIECE) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": True}


async def is_waiting(task: "asyncio.Task[Any]") -> bool:
    for _ in range(5):
        await asyncio.sleep(0)
    return not task.done()


async def test_events_come_out_as_they_went_in() -> None:
    inbox = Inbox()
    for event in (piece(b"a"), piece(b"b"), END):
        await inbox.put(event)
    assert [await inbox.get() for _ in range(3)] == [piece(b"a"), piece(b"b"), END]


async def test_whoever_receives_waits_for_something_to_come() -> None:
    inbox = Inbox()
    receiving = asyncio.create_task(inbox.get())
    assert await is_waiting(receiving)
    await inbox.put(END)
    assert await receiving == END


async def test_whoever_sends_waits_while_too_much_is_unread() -> None:
    inbox = Inbox()
    await inbox.put(piece())
    sending = asyncio.create_task(inbox.put(piece()))
    assert await is_waiting(sending)
    await inbox.get()
    await sending


async def test_when_nobody_reads_any_more_nobody_waits() -> None:
    inbox = Inbox()
    await inbox.put(piece())
    sending = asyncio.create_task(inbox.put(piece()))
    assert await is_waiting(sending)
    inbox.close()
    await sending
    await inbox.put(piece())


async def test_that_the_client_has_left_does_not_wait_and_stays() -> None:
    inbox = Inbox()
    await inbox.put(piece())
    sending = asyncio.create_task(inbox.put(piece()))
    assert await is_waiting(sending)
    await inbox.put(GONE)
    events = [await inbox.get() for _ in range(4)]
    assert [event["type"] for event in events] == ["http.request", "http.request", "http.disconnect", "http.disconnect"]
    await sending


async def test_a_receiver_that_gives_up_misses_nothing() -> None:
    inbox = Inbox()
    receiving = asyncio.create_task(inbox.get())
    assert await is_waiting(receiving)
    receiving.cancel()
    await inbox.put(END)
    assert await inbox.get() == END
