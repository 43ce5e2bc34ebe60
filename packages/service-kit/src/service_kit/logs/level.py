"""The level of the log, which may be changed while the process runs."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime

from loguru import logger

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
_RANKS = logging.getLevelNamesMapping()


def rank(level: str) -> int:
    """How high the level is, as the standard library counts; it does not know loguru's TRACE and SUCCESS."""
    return _RANKS.get(level, logging.DEBUG)


class LogLevel:
    """Which lines are written: those of ``current`` and above.

    at_start: what the settings say. changed_at: when it was last changed; None: never.
    """

    def __init__(self, level: str, put_in_force: Callable[[str], None]) -> None:
        self.at_start = self.current = level
        self.changed_at: datetime | None = None
        self._put_in_force = put_in_force

    def change(self, level: str) -> None:
        """Write lines of ``level`` and above from now on. ValueError: there is no such level."""
        if level not in LEVELS:
            raise ValueError(f"level is one of {', '.join(LEVELS)}")
        before, self.current = self.current, level
        if level == before:
            return
        self.changed_at = datetime.now(UTC)
        # The line that tells of it is written under whichever of the two levels shows more.
        if rank(level) > rank(before):
            _tell(before, level)
            self._put_in_force(level)
        else:
            self._put_in_force(level)
            _tell(before, level)


def _tell(before: str, level: str) -> None:
    logger.bind(before=before, level_now=level).warning("log level changed from {} to {}", before, level)
