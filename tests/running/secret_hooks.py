"""Clients, made to note the secrets that go through them."""

from collections.abc import Callable
from typing import Any

import httpx2
from betterproto2 import Casing
from google.protobuf import json_format, message
from grpclib.client import Channel
from grpclib.events import RecvMessage, SendMessage, SendRequest, listen

from tests.running.secrets_seen import SEEN


def http_hooks() -> dict[str, list[Callable[[Any], Any]]]:
    """The `event_hooks` of an httpx2.Client."""
    return {"request": [note_request], "response": [note_response]}


def note_request(request: httpx2.Request) -> None:
    """Note what a request is about to tell."""
    SEEN.note_text(_lines(request.headers) + request.read())


def note_response(response: httpx2.Response) -> None:
    """Note what a response told."""
    SEEN.note_text(_lines(response.headers) + response.read())


def note_exchange(response: httpx2.Response) -> httpx2.Response:
    """Note both, for a call without a client of its own; the response again."""
    note_request(response.request)
    note_response(response)
    return response


def note_message(told: message.Message) -> None:
    """Note what a protobuf message says."""
    SEEN.note_text(json_format.MessageToJson(told, preserving_proto_field_name=True, ensure_ascii=False).encode())


def listen_to(channel: Channel) -> None:
    """Note what goes through a grpclib channel from now on."""

    async def note_message_of(event: SendMessage | RecvMessage) -> None:
        SEEN.note_text(event.message.to_json(casing=Casing.SNAKE).encode())

    async def note_metadata(event: SendRequest) -> None:
        for name in ("authorization", "x-session-key"):
            SEEN.note_text(f"{name}: {event.metadata.get(name, '')!s}".encode())

    listen(channel, SendMessage, note_message_of)
    listen(channel, RecvMessage, note_message_of)
    listen(channel, SendRequest, note_metadata)


def _lines(headers: httpx2.Headers) -> bytes:
    return b"".join(name + b": " + value + b"\n" for name, value in headers.raw)
