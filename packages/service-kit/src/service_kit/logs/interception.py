"""Routes the standard library's logging to loguru: Hypercorn, grpclib, redis and psycopg log through it."""

import logging
from typing import TYPE_CHECKING

from loguru import logger

from service_kit.logs.level import rank

if TYPE_CHECKING:
    from loguru import Record

#: Loggers whose lower levels log every frame, or events that the platform logs itself.
_QUIET = {
    "hpack": "WARNING",
    "h2": "WARNING",
    "grpclib.server": "WARNING",
    "hypercorn.error": "WARNING",
    "hypercorn.access": "WARNING",
    "opentelemetry.exporter": "CRITICAL",
}


class LoguruHandler(logging.Handler):
    """Passes each standard record to loguru, under the standard logger's name."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            level: str | int = logger.level(record.levelname).name
        except ValueError:
            level = record.levelno

        def keep_origin(patched: "Record") -> None:
            patched["name"], patched["function"], patched["line"] = record.name, record.funcName, record.lineno

        logger.patch(keep_origin).opt(exception=record.exc_info).log(level, record.getMessage())


def intercept(level: str) -> None:
    """Routes records of ``level`` and above to loguru, and Python's warnings too."""
    logging.basicConfig(handlers=[LoguruHandler()], level=rank(level), force=True)
    logging.captureWarnings(capture=True)
    for name, least in _QUIET.items():
        logging.getLogger(name).setLevel(least)
