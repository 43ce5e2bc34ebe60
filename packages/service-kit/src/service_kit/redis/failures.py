"""Classifies exceptions of redis-py by the table of store failures. Needs the extra `service-kit[redis]`."""

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from service_kit.stores.failures import StoreFailure, redis_code_failure

#: The error text of `maxclients`; its code is ERR, which most bugs of a client get too.
_TOO_MANY_CLIENTS = "max number of clients"


def redis_failure(error: BaseException) -> StoreFailure:
    """Returns the kind of failure: an error reply by its code, any other exception by its type."""
    if not isinstance(error, RedisError | OSError):
        return StoreFailure.BROKEN
    if str(error).startswith(_TOO_MANY_CLIENTS) or str(error).startswith(f"ERR {_TOO_MANY_CLIENTS}"):
        return StoreFailure.REFUSING
    code = redis_code(error)
    if code:
        return redis_code_failure(code)
    lost = isinstance(error, RedisConnectionError | RedisTimeoutError | OSError)
    return StoreFailure.AWAY if lost else StoreFailure.BROKEN


def redis_code(error: BaseException) -> str:
    """Returns the first word of the server's error reply ("OOM"); empty if there was no reply."""
    # redis-py removes the codes that it knows from the text, and keeps them in an attribute.
    known: str | None = getattr(error, "status_code", None)
    if known:
        return known
    word = str(error).partition(" ")[0]
    return word if word.isascii() and word.isalpha() and word.isupper() else ""


def describe_redis_failure(error: BaseException) -> str:
    """Returns one line for a log or a readiness report: the kind of failure, the code, and the text of the error."""
    code = redis_code(error)
    text = str(error)
    coded = text if not code or text.startswith(code) else f"{code} {text}"
    return f"{redis_failure(error).value}: {coded or type(error).__name__}"
