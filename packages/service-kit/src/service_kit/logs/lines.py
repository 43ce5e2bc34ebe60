"""Formats log records as lines of text."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson

from service_kit.request.context import current_request

_COLOURS = {"DEBUG": "36", "INFO": "32", "WARNING": "33", "ERROR": "31", "CRITICAL": "1;31"}


class Line(NamedTuple):
    """One log record. time: timezone-aware. origin: the module. exception: the traceback, or empty."""

    time: datetime
    level: str
    message: str
    origin: str | None
    fields: Mapping[str, Any]
    exception: str = ""


def json_line(line: Line, *, service: str, version: str) -> str:
    """Returns the line as one JSON object.

    `request_id` and `trace_id` are null outside of a request; `user_id` is null until a token was verified.
    """
    request = current_request()
    principal = request.principal if request else None
    entry: dict[str, Any] = {
        "time": _rfc3339(line.time),
        "level": line.level,
        "service": service,
        "version": version,
        "message": line.message,
        "request_id": request.request_id if request else None,
        "trace_id": request.trace.trace_id if request else None,
        "user_id": principal.user_id if principal else None,
        "logger": line.origin,
    }
    for name, value in line.fields.items():
        if entry.get(name) is None:
            entry[name] = value
    if line.exception:
        entry["exception"] = line.exception
    try:
        return orjson.dumps(entry, default=str).decode()
    except TypeError:  # a cycle, a key that is not text, half a surrogate pair: logged with values as text
        return json.dumps({name: value if value is None else str(value) for name, value in entry.items()})


def human_line(line: Line, *, service: str, coloured: bool) -> str:
    """Returns the line for people: time of day, level, service, message, fields, and the exception below."""
    request = current_request()
    fields = dict(line.fields)
    if request:
        fields.setdefault("request_id", request.request_id)
        if request.principal:
            fields.setdefault("user_id", request.principal.user_id)
    details = " ".join(f"{name}={value}" for name, value in fields.items() if value is not None)
    time = line.time.astimezone(UTC).strftime("%H:%M:%S.%f")[:-3]
    parts = [_paint(time, "2", coloured), _paint(f"{line.level:<8}", _COLOURS.get(line.level, "0"), coloured), service]
    # A line break in a message must not look like a line of its own.
    parts += [line.message.replace("\n", "\n    "), _paint(details, "2", coloured) if details else ""]
    return " ".join(part for part in parts if part) + (f"\n{line.exception}" if line.exception else "")


def _rfc3339(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _paint(text: str, code: str, coloured: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if coloured else text
