"""The access line of every request and every call, which bypasses loguru.

Loguru looks up frame, thread and process for each record and runs its handlers under a lock: more than half of the cost
of such a line, for nothing that it contains.
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from loguru import logger

from service_kit.logs.level import rank
from service_kit.logs.lines import Line


class RequestLines:
    """Writes access lines to the configured log; to loguru until logging is configured."""

    def __init__(self) -> None:
        self._least_level = logging.NOTSET
        self._write: Callable[[Line], None] | None = None

    def send_to(self, write: Callable[[Line], None] | None, level: str) -> None:
        """Sends lines of ``level`` and above to ``write``; None: to loguru."""
        self._write, self._least_level = write, rank(level)

    def write(self, origin: str, level: str, message: str, fields: dict[str, Any]) -> None:
        """Writes a line. origin: the module that logs. message: verbatim, not a format string."""
        if self._write is None:
            logger.patch(lambda record: record.update({"name": origin})).bind(**fields).log(level, message)
        elif rank(level) >= self._least_level:
            self._write(Line(datetime.now(UTC), level, message, origin, fields))


request_lines = RequestLines()
