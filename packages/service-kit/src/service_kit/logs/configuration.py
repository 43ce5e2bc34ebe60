"""Where log lines go."""

import atexit
import os
import sys
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

#: What may be the last word of a process must not wait.
_URGENT = frozenset({"WARNING", "ERROR", "CRITICAL"})


def configure(*, service: str, version: str, level: str, form: str) -> LogLevel:
    """Send the log lines of ``level`` and above to standard output; the level may be changed by what this returns.

    form: "json", one object a line, or "human", coloured on a terminal and where FORCE_COLOR is set, unless NO_COLOR is
    (https://force-color.org, https://no-color.org). Tracebacks never show the values of variables.
    """
    coloured = not os.environ.get("NO_COLOR") and (sys.stdout.isatty() or bool(os.environ.get("FORCE_COLOR")))

    output = LineOutput()
    atexit.register(output.flush)

    def write(line: Line) -> None:
        if form == "human":
            text = human_line(line, service=service, coloured=coloured)
        else:
            text = json_line(line, service=service, version=version)
        output.write(redact(text), urgent=line.level in _URGENT)

    def write_message(message: "Message") -> None:
        record, exception = message.record, str(message).rstrip()
        origin, fields = record["name"], record["extra"]
        write(Line(record["time"], record["level"].name, record["message"], origin, fields, exception))

    handlers: list[int] = []

    def put_in_force(level: str) -> None:
        handlers.append(
            logger.add(write_message, level=level, format=_only_the_exception, backtrace=False, diagnose=False)
        )
        # Loguru cannot change a level. The new handler is there first: a line of another thread is rather written twice
        # than lost.
        for old in handlers[:-1]:
            logger.remove(old)
            handlers.remove(old)
        intercept(level)
        request_lines.send_to(write, level)

    logger.remove()
    put_in_force(level.upper())
    return LogLevel(level.upper(), put_in_force)


def _only_the_exception(_record: "Record") -> str:
    """Loguru formats the traceback; all else is taken from the record."""
    return "{exception}"
