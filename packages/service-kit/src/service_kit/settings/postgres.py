"""Parses addresses of PostgreSQL. Needs the extra `service-kit[postgres]`, for libpq."""

import re
from urllib.parse import parse_qsl

from psycopg import pq

from service_kit.settings.secret import SafeValueError, Secret
from service_kit.settings.stores import check_place, split_url

_POSTGRES = ("postgresql", "postgres")
#: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-TARGET-SESSION-ATTRS
_SESSION_ATTRIBUTES = frozenset({"any", "read-write", "read-only", "primary", "standby", "prefer-standby"})
#: libpq takes ssl=true as sslmode=require, in an address only.
_ALIASES = frozenset({"ssl"})
#: libpq refuses these with a message that quotes the password.
_NO_ESCAPE = re.compile("%(?![0-9a-fA-F]{2})|%00")


def postgres_url(text: str) -> Secret:
    """Parses a PostgreSQL address, postgresql://USER:PASSWORD@HOST:PORT/DATABASE, for `setting(parse=…)`.

    As in libpq, there may be several hosts, HOST:PORT,HOST:PORT, with target_session_attrs=read-write.
    """
    url = split_url(text, _POSTGRES)
    places = url.netloc.rpartition("@")[2]
    if not places and not url.path.strip("/") and not url.query:
        raise SafeValueError("must be a postgresql:// URL: it names no host and no database")
    for place in places.split(",") if places else ():
        check_place(place, _POSTGRES)
    if _NO_ESCAPE.search(text):
        raise SafeValueError("must be a postgresql:// URL: a % in a password must be written %25")
    _check_parameters(url.query)
    return Secret(text)


def _check_parameters(query: str) -> None:
    """Refuses parameters that libpq does not know; they would fail only when a connection is opened."""
    known = {option.keyword.decode() for option in pq.Conninfo.get_defaults()} | _ALIASES
    parameters = dict(parse_qsl(query, keep_blank_values=True))
    if parameters.keys() - known:
        raise SafeValueError("must be a postgresql:// URL: behind the ? is a parameter that libpq does not know")
    if parameters.get("target_session_attrs", "any") not in _SESSION_ATTRIBUTES:
        expected = ", ".join(sorted(_SESSION_ATTRIBUTES))
        raise SafeValueError(f"must be a postgresql:// URL: target_session_attrs must be one of {expected}")
