"""Log lines: one JSON object each, or coloured text for people, on standard output; everything goes through loguru."""

from service_kit.logs.configuration import configure
from service_kit.logs.level import LEVELS, LogLevel

__all__ = ["LEVELS", "LogLevel", "configure"]
