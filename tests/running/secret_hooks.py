"""Hooks with which clients note the secrets that they send and receive."""

from collections.abc import Callable
from typing import Any

import httpx2
from betterproto2 import Casing
from google.protobuf import json_format, message
from grpclib.client import Channel
from grpclib.events import RecvMessage, SendMessage, SendRequest, listen

from tests.running.secrets_seen import SEEN


def http_hooks() -> dict[str, list[Callable[[Any], Any]]]:
    """Returns the `event_hooks` for an httpx2.Client."""
    return {"request": [note_request], "response": [note_response]}


def note_request(request: httpx2.Request) -> None:
    """Notes the secrets in a request."""
    SEEN.note_text(_lines(request.headers) + request.read())


def note_response(response: httpx2.Response) -> None:
    """Notes the secrets in a response."""
    SEEN.note_text(_lines(response.headers) + response.read())


def note_exchange(response: httpx2.Response) -> httpx2.Response:
    """Notes the secrets in a response and its request, and returns the response."""
    note_request(response.request)
    note_response(response)
    return response


def note_message(noted: message.Message) -> None:
    """Notes the secrets in a protobuf message."""
    SEEN.note_text(json_format.MessageToJson(noted, preserving_proto_field_name=True, ensure_ascii=False).encode())


def listen_to(channel: Channel) -> None:
    """Notes the secrets in all later messages of a grpclib channel."""

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
