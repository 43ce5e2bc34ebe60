"""Addresses of stores. They hold a password, so they are secrets."""

from collections.abc import Callable
from urllib.parse import urlsplit

from service_kit.settings.secret import Secret


def _url_of(*schemes: str) -> Callable[[str], Secret]:
    def parse(text: str) -> Secret:
        try:
            url = urlsplit(text)
            host_or_path, _ = url.hostname or url.path, url.port  # the port is read for the sake of its own check
        except ValueError:
            host_or_path = ""
        if not host_or_path or url.scheme not in schemes:
            # The text itself is left out: a password stands in it.
            raise ValueError(f"must be a {schemes[0]}:// URL")
        return Secret(text)

    return parse


#: For `setting(parse=…)`: a PostgreSQL address, postgresql://USER:PASSWORD@HOST:PORT/DATABASE.
postgres_url = _url_of("postgresql", "postgres")
#: For `setting(parse=…)`: a Redis address, redis://:PASSWORD@HOST:PORT/DATABASE, rediss:// with TLS, or unix://.
redis_url = _url_of("redis", "rediss", "unix")
