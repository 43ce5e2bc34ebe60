"""Log lines: one JSON object each, or coloured text for people, on standard output.

All but the lines of requests go through loguru.
"""

from service_kit.logs.configuration import configure
from service_kit.logs.level import LEVELS, LogLevel
from service_kit.logs.request_lines import request_lines

__all__ = ["LEVELS", "LogLevel", "configure", "request_lines"]
