"""Log lines: one JSON object each, or coloured text for people, on standard output; everything goes through loguru."""

from service_kit.logs.configuration import configure

__all__ = ["configure"]
