"""The log level, which can be changed while the process runs."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime

from loguru import logger

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
_RANKS = logging.getLevelNamesMapping()


def rank(level: str) -> int:
    """Returns the standard library's number of a level; DEBUG's for loguru's TRACE and SUCCESS."""
    return _RANKS.get(level, logging.DEBUG)


class LogLevel:
    """The level in force: lines of ``current`` and above are written.

    at_start: that of the settings. changed_at: the latest change; None: never changed.
    """

    def __init__(self, level: str, apply: Callable[[str], None]) -> None:
        self.at_start = self.current = level
        self.changed_at: datetime | None = None
        self._apply = apply

    def change(self, level: str) -> None:
        """Changes the level.

        Raises:
            ValueError: The level is unknown.
        """
        if level not in LEVELS:
            raise ValueError(f"level must be one of {', '.join(LEVELS)}")
        before, self.current = self.current, level
        if level == before:
            return
        self.changed_at = datetime.now(UTC)
        # Logged while the more verbose of the two levels is in force.
        if rank(level) > rank(before):
            _log_change(before, level)
            self._apply(level)
        else:
            self._apply(level)
            _log_change(before, level)


def _log_change(before: str, level: str) -> None:
    logger.bind(before=before, level_now=level).warning("log level changed from {} to {}", before, level)
