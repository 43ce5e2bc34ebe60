"""Configures logging: level, format and output."""

import atexit
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from loguru import logger

from service_kit.logs.interception import intercept
from service_kit.logs.level import LogLevel
from service_kit.logs.lines import Line, human_line, json_line
from service_kit.logs.output import LineOutput
from service_kit.logs.redaction import redact
from service_kit.logs.request_lines import request_lines

if TYPE_CHECKING:
    from loguru import Message, Record

#: Written at once, not in batches: the process may exit right after.
_URGENT = frozenset({"WARNING", "ERROR", "CRITICAL"})


def configure(*, service: str, version: str, level: str, form: str) -> LogLevel:
    """Sends log lines of ``level`` and above to standard output. Tracebacks never show the values of variables.

    Args:
        service: The name of the service, in every line.
        version: Its version, in every JSON line.
        level: The least severe level that is logged.
        form: "json", one object per line, or "human", coloured on a terminal or with FORCE_COLOR, unless NO_COLOR is
            set (https://force-color.org, https://no-color.org).

    Returns:
        The level, which can be changed while the process runs.
    """
    write = _writer(service, version, form)

    def write_message(message: "Message") -> None:
        record, exception = message.record, str(message).rstrip()
        origin, fields = record["name"], record["extra"]
        write(Line(record["time"], record["level"].name, record["message"], origin, fields, exception))

    handlers: list[int] = []

    def apply(level: str) -> None:
        handlers.append(
            logger.add(write_message, level=level, format=_only_the_exception, backtrace=False, diagnose=False)
        )
        # Loguru cannot change a handler's level. The new handler is added first: another thread's line may be written
        # twice, but is not lost.
        for old in handlers[:-1]:
            logger.remove(old)
            handlers.remove(old)
        intercept(level)
        request_lines.send_to(write, level)

    logger.remove()
    apply(level.upper())
    return LogLevel(level.upper(), apply)


def _writer(service: str, version: str, form: str) -> Callable[[Line], None]:
    coloured = not os.environ.get("NO_COLOR") and (sys.stdout.isatty() or bool(os.environ.get("FORCE_COLOR")))
    output = LineOutput()
    atexit.register(output.flush)

    def write(line: Line) -> None:
        if form == "human":
            text = human_line(line, service=service, coloured=coloured)
        else:
            text = json_line(line, service=service, version=version)
        output.write(redact(text), urgent=line.level in _URGENT)

    return write


def _only_the_exception(_record: "Record") -> str:
    """Returns loguru's format: the traceback alone; everything else is taken from the record."""
    return "{exception}"
