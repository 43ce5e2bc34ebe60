"""Log lines on standard output: one JSON object each, or coloured text for people.

All lines go through loguru, except the access lines of requests.
"""

from service_kit.logs.configuration import configure
from service_kit.logs.level import LEVELS, LogLevel
from service_kit.logs.request_lines import request_lines

__all__ = ["LEVELS", "LogLevel", "configure", "request_lines"]
