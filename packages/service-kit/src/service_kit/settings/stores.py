"""Addresses of stores. They hold a password, so they are secrets, and no message quotes them."""

from urllib.parse import SplitResult, parse_qsl, urlsplit

from service_kit.settings.secret import SafeValueError, Secret

_POSTGRES = ("postgresql", "postgres")
_REDIS = ("redis", "rediss", "unix")
#: What may stand behind the ? of a Redis address; anything else would fail only once a connection is opened.
_REDIS_PARAMETERS = frozenset(
    {"ssl_ca_certs", "ssl_ca_path", "ssl_cert_reqs", "ssl_certfile", "ssl_check_hostname", "ssl_keyfile"}
    | {"ssl_password", "db", "username", "password"}
)
_LAST_PORT = 65535


def postgres_url(text: str) -> Secret:
    """For `setting(parse=…)`: a PostgreSQL address, postgresql://USER:PASSWORD@HOST:PORT/DATABASE.

    As libpq has it, there may be several hosts, HOST:PORT,HOST:PORT, and then target_session_attrs=read-write.
    """
    url = _split(text, _POSTGRES)
    places = url.netloc.rpartition("@")[2]
    if not places and not url.path.strip("/") and not url.query:
        raise SafeValueError("must be a postgresql:// URL: it names no host and no database")
    for place in places.split(",") if places else ():
        _check_place(place, _POSTGRES)
    return Secret(text)


def redis_url(text: str) -> Secret:
    """For `setting(parse=…)`: a Redis address, redis://USER:PASSWORD@HOST:PORT/DATABASE, rediss:// with TLS, or unix://."""
    url = _split(text, _REDIS)
    unknown = {name for name, _ in parse_qsl(url.query, keep_blank_values=True)} - _REDIS_PARAMETERS
    if unknown:
        raise SafeValueError(
            "must be a redis:// URL: behind the ? there may be " + ", ".join(sorted(_REDIS_PARAMETERS))
        )
    if url.scheme == "unix":
        if not url.path:
            raise SafeValueError("must be a redis:// URL: a unix:// address needs the path of a socket")
        return Secret(text)
    place = url.netloc.rpartition("@")[2]
    if "," in place:
        raise SafeValueError("must be a redis:// URL: it names several hosts, and one is expected")
    _check_place(place, _REDIS)
    database = url.path.removeprefix("/")
    if database and not (database.isascii() and database.isdecimal()):
        raise SafeValueError("must be a redis:// URL: the database, behind the last /, must be a number")
    return Secret(text)


def _split(text: str, schemes: tuple[str, ...]) -> SplitResult:
    try:
        url = urlsplit(text)
    except ValueError as exc:
        raise SafeValueError(f"must be a {schemes[0]}:// URL") from exc
    if url.scheme not in schemes:
        raise SafeValueError(f"must be a {schemes[0]}:// URL")
    if url.fragment:
        raise SafeValueError(f"must be a {schemes[0]}:// URL: a # in a password must be written %23")
    return url


def _check_place(place: str, schemes: tuple[str, ...]) -> None:
    """HOST, HOST:PORT or [IPv6]:PORT."""
    host, colon, port = place.rpartition(":") if not place.endswith("]") else (place, "", "")
    if not colon:
        host = place
    if not host or (":" in host and not (host.startswith("[") and host.endswith("]"))):
        raise SafeValueError(f"must be a {schemes[0]}:// URL: it needs a host (an IPv6 address in brackets)")
    if colon and not (port.isascii() and port.isdecimal() and 0 < int(port) <= _LAST_PORT):
        raise SafeValueError(f"must be a {schemes[0]}:// URL: the port must be a number from 1 to {_LAST_PORT}")
