"""The line that every request and every call leaves in the log, written past loguru.

Loguru asks for the caller's frame, thread and process with each record, and puts it through its handlers under a lock:
more than half of what such a line costs, for nothing that is in it.
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from loguru import logger

from service_kit.logs.level import rank
from service_kit.logs.lines import Line


class RequestLines:
    """Where the lines go, once the log is configured; before that, loguru takes them."""

    def __init__(self) -> None:
        self._least_level = logging.NOTSET
        self._write: Callable[[Line], None] | None = None

    def send_to(self, write: Callable[[Line], None] | None, level: str) -> None:
        """Send lines of ``level`` and above to ``write``; None: to loguru."""
        self._write, self._least_level = write, rank(level)

    def write(self, origin: str, level: str, message: str, fields: dict[str, Any]) -> None:
        """Write a line. origin: the module that it comes from. message: as it is, braces too."""
        if self._write is None:
            logger.patch(lambda record: record.update({"name": origin})).bind(**fields).log(level, message)
        elif rank(level) >= self._least_level:
            self._write(Line(datetime.now(UTC), level, message, origin, fields))


request_lines = RequestLines()
