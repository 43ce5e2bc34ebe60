import asyncio
from typing import Any

from gateway.server import request_tasks as module
from gateway.server.request_tasks import ReceiveQueue

PIECE = b"x" * (module._MAX_UNREAD_BYTES // 2 + 1)
END = {"type": "http.request", "body": b"", "more_body": False}
GONE = {"type": "http.disconnect"}


def piece(body: bytes = PIECE) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": True}


async def is_waiting(task: "asyncio.Task[Any]") -> bool:
    for _ in range(5):
        await asyncio.sleep(0)
    return not task.done()


async def test_receive_queue_keeps_the_order_of_events() -> None:
    events = ReceiveQueue()
    for event in (piece(b"a"), piece(b"b"), END):
        await events.put(event)
    assert [await events.get() for _ in range(3)] == [piece(b"a"), piece(b"b"), END]


async def test_receiver_waits_for_an_event() -> None:
    events = ReceiveQueue()
    receiving = asyncio.create_task(events.get())
    assert await is_waiting(receiving)
    await events.put(END)
    assert await receiving == END


async def test_sender_waits_while_too_much_is_unread() -> None:
    events = ReceiveQueue()
    await events.put(piece())
    sending = asyncio.create_task(events.put(piece()))
    assert await is_waiting(sending)
    await events.get()
    await sending


async def test_sender_does_not_wait_after_the_receiver_has_ended() -> None:
    events = ReceiveQueue()
    await events.put(piece())
    sending = asyncio.create_task(events.put(piece()))
    assert await is_waiting(sending)
    events.close()
    await sending
    await events.put(piece())


async def test_disconnect_is_queued_without_waiting_and_stays() -> None:
    events = ReceiveQueue()
    await events.put(piece())
    sending = asyncio.create_task(events.put(piece()))
    assert await is_waiting(sending)
    await events.put(GONE)
    received = [await events.get() for _ in range(4)]
    assert [event["type"] for event in received] == [
        "http.request",
        "http.request",
        "http.disconnect",
        "http.disconnect",
    ]
    await sending


async def test_cancelled_receiver_loses_no_event() -> None:
    events = ReceiveQueue()
    receiving = asyncio.create_task(events.get())
    assert await is_waiting(receiving)
    receiving.cancel()
    await events.put(END)
    assert await events.get() == END
