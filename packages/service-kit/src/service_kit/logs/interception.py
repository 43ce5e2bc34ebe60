"""The standard library's logging, led into loguru: Hypercorn, grpclib, redis and psycopg all log through it."""

import logging
from typing import TYPE_CHECKING

from loguru import logger

from service_kit.logs.level import rank

if TYPE_CHECKING:
    from loguru import Record

#: Loggers whose lower levels tell of every frame, or what we say ourselves.
_QUIET = {
    "hpack": "WARNING",
    "h2": "WARNING",
    "grpclib.server": "WARNING",
    "hypercorn.error": "WARNING",
    "hypercorn.access": "WARNING",
    "opentelemetry.exporter": "CRITICAL",
}


class LoguruHandler(logging.Handler):
    """Hands each standard record on to loguru, under the standard logger's name."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            level: str | int = logger.level(record.levelname).name
        except ValueError:
            level = record.levelno

        def keep_origin(ours: "Record") -> None:
            ours["name"], ours["function"], ours["line"] = record.name, record.funcName, record.lineno

        logger.patch(keep_origin).opt(exception=record.exc_info).log(level, record.getMessage())


def intercept(level: str) -> None:
    """Lead every standard logger of ``level`` and above into loguru, warnings included."""
    logging.basicConfig(handlers=[LoguruHandler()], level=rank(level), force=True)
    logging.captureWarnings(capture=True)
    for name, least in _QUIET.items():
        logging.getLogger(name).setLevel(least)
