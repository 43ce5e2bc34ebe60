"""Parses addresses of Redis, and the common parts of all stores' addresses.

They hold a password, so they are secrets, and no message quotes them.
"""

from urllib.parse import SplitResult, parse_qsl, urlsplit

from service_kit.settings.secret import SafeValueError, Secret

_REDIS = ("redis", "rediss", "unix")
#: The query parameters of a Redis address; any other would fail only when a connection is opened.
_REDIS_PARAMETERS = frozenset(
    {"ssl_ca_certs", "ssl_ca_path", "ssl_cert_reqs", "ssl_certfile", "ssl_check_hostname", "ssl_keyfile"}
    | {"ssl_password", "db", "username", "password"}
)
_LAST_PORT = 65535


def redis_url(text: str) -> Secret:
    """Parses a Redis address for `setting(parse=…)`: redis://USER:PASSWORD@HOST:PORT/DATABASE, rediss:// or unix://."""
    url = split_url(text, _REDIS)
    parameters = dict(parse_qsl(url.query, keep_blank_values=True))
    if parameters.keys() - _REDIS_PARAMETERS:
        raise SafeValueError(
            "must be a redis:// URL: behind the ? there may be " + ", ".join(sorted(_REDIS_PARAMETERS))
        )
    if not is_number(parameters.get("db", "0")):
        raise SafeValueError("must be a redis:// URL: the database, db=, must be a number")
    if url.scheme == "unix":
        if not url.path:
            raise SafeValueError("must be a redis:// URL: a unix:// address needs the path of a socket")
        return Secret(text)
    place = url.netloc.rpartition("@")[2]
    if "," in place:
        raise SafeValueError("must be a redis:// URL: it names several hosts, and one is expected")
    check_place(place, _REDIS)
    database = url.path.removeprefix("/")
    if database and not is_number(database):
        raise SafeValueError("must be a redis:// URL: the database, behind the last /, must be a number")
    return Secret(text)


def split_url(text: str, schemes: tuple[str, ...]) -> SplitResult:
    """Returns the parts of a URL with one of these schemes; raises SafeValueError, which names the first scheme."""
    try:
        url = urlsplit(text)
    except ValueError as exc:
        raise SafeValueError(f"must be a {schemes[0]}:// URL") from exc
    if url.scheme not in schemes:
        raise SafeValueError(f"must be a {schemes[0]}:// URL")
    if url.fragment:
        raise SafeValueError(f"must be a {schemes[0]}:// URL: a # in a password must be written %23")
    return url


def check_place(place: str, schemes: tuple[str, ...]) -> None:
    """Raises SafeValueError unless ``place`` is HOST, HOST:PORT or [IPv6]:PORT."""
    host, colon, port = place.rpartition(":") if not place.endswith("]") else (place, "", "")
    if not colon:
        host = place
    if not host or (":" in host and not (host.startswith("[") and host.endswith("]"))):
        raise SafeValueError(f"must be a {schemes[0]}:// URL: it needs a host (an IPv6 address in brackets)")
    if colon and not (is_number(port) and 0 < int(port) <= _LAST_PORT):
        raise SafeValueError(f"must be a {schemes[0]}:// URL: the port must be a number from 1 to {_LAST_PORT}")


def is_number(text: str) -> bool:
    """Returns whether ``text`` consists of ASCII digits."""
    return text.isascii() and text.isdecimal()
