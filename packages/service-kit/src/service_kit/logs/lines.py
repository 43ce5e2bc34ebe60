"""From a log record to a line."""

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from service_kit.context import current_request

if TYPE_CHECKING:
    from loguru import Record

_COLOURS = {"DEBUG": "36", "INFO": "32", "WARNING": "33", "ERROR": "31", "CRITICAL": "1;31"}


def json_line(record: "Record", exception: str, *, service: str, version: str) -> str:
    """The record as one JSON object.

    `request_id` and `trace_id` are null outside of a request, `user_id` also while nobody is known to be asking.
    """
    request = current_request()
    principal = request.principal if request else None
    entry: dict[str, Any] = {
        "time": _rfc3339(record["time"]),
        "level": record["level"].name,
        "service": service,
        "version": version,
        "message": record["message"],
        "request_id": request.request_id if request else None,
        "trace_id": request.trace.trace_id if request else None,
        "user_id": principal.user_id if principal else None,
        "logger": record["name"],
    }
    for name, value in record["extra"].items():
        if entry.get(name) is None:
            entry[name] = value
    if exception:
        entry["exception"] = exception
    try:
        return orjson.dumps(entry, default=str).decode()
    except TypeError:  # a cycle, a key that is no text, half a surrogate pair: a line as text beats no line
        return json.dumps({name: value if value is None else str(value) for name, value in entry.items()})


def human_line(record: "Record", exception: str, *, service: str, coloured: bool) -> str:
    """The record for people: time of day, level, service, message, extras, and the exception below."""
    request = current_request()
    level = record["level"].name
    extra = dict(record["extra"])
    if request:
        extra.setdefault("request_id", request.request_id)
        if request.principal:
            extra.setdefault("user_id", request.principal.user_id)
    details = " ".join(f"{name}={value}" for name, value in extra.items() if value is not None)
    time = record["time"].astimezone(UTC).strftime("%H:%M:%S.%f")[:-3]
    parts = [_paint(time, "2", coloured), _paint(f"{level:<8}", _COLOURS.get(level, "0"), coloured), service]
    # A line break in a message must not look like a line of its own.
    parts += [record["message"].replace("\n", "\n    "), _paint(details, "2", coloured) if details else ""]
    return " ".join(part for part in parts if part) + (f"\n{exception}" if exception else "")


def _rfc3339(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _paint(text: str, code: str, coloured: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if coloured else text
