"""The table of store failures, entry by entry, for the errors that the drivers raise."""

import psycopg
import pytest
from psycopg_pool import PoolTimeout
from redis._parsers.base import BaseParser
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError
from service_kit.postgres.failures import postgres_failure
from service_kit.redis.failures import describe_redis_failure, redis_failure
from service_kit.stores.failures import REDIS_CODES, SQLSTATES, StoreFailure

AWAY, REFUSING = StoreFailure.AWAY, StoreFailure.REFUSING
REPEATABLE, BROKEN = StoreFailure.REPEATABLE, StoreFailure.BROKEN

STATES = {
    "08006": AWAY,
    "25006": REFUSING,
    "26000": REPEATABLE,
    "28P01": REFUSING,
    "28000": REFUSING,
    "40001": REPEATABLE,
    "40P01": REPEATABLE,
    "40003": AWAY,
    "42501": REFUSING,
    "53100": REFUSING,
    "53200": REFUSING,
    "53300": REFUSING,
    "55006": REFUSING,
    "55P03": REFUSING,
    "57014": AWAY,
    "57P01": AWAY,
    "57P02": AWAY,
    "57P03": AWAY,
    "58030": REFUSING,
    "XX001": REFUSING,
    "XX002": REFUSING,
    "0A000": BROKEN,
    "22001": BROKEN,
    "23505": BROKEN,
    "42P01": BROKEN,
    "55000": BROKEN,
    "XX000": BROKEN,
}


@pytest.mark.parametrize(("sqlstate", "expected"), STATES.items())
def test_postgres_error_is_classified_by_its_sqlstate(sqlstate: str, expected: StoreFailure) -> None:
    assert postgres_failure(psycopg.errors.lookup(sqlstate)("said")) is expected


def test_every_sqlstate_of_the_table_has_a_case() -> None:
    assert {entry for entry in SQLSTATES if not any(state.startswith(entry) for state in STATES)} == set()


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (psycopg.OperationalError("the connection is lost"), AWAY),
        (psycopg.InterfaceError("the connection is closed"), AWAY),
        (PoolTimeout("couldn't get a connection"), AWAY),
        (psycopg.ProgrammingError("the query has 1 placeholder"), BROKEN),
        (psycopg.DataError("no adapter"), BROKEN),
        (ValueError("something else"), BROKEN),
    ],
)
def test_postgres_error_without_sqlstate_is_classified_by_its_type(error: Exception, expected: StoreFailure) -> None:
    assert postgres_failure(error) is expected


REPLIES = {
    "LOADING Redis is loading the dataset in memory": AWAY,
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.": AWAY,
    "CLUSTERDOWN The cluster is down": AWAY,
    "TRYAGAIN Multiple keys request during rehashing of slot": AWAY,
    "UNBLOCKED force unblock from blocking operation": AWAY,
    "NOREPLICAS Not enough good replicas to write.": REFUSING,
    "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.": REFUSING,
    "OOM command not allowed when used memory > 'maxmemory'.": REFUSING,
    "MISCONF Errors writing to the AOF file: No space left on device": REFUSING,
    "READONLY You can't write against a read only replica.": REFUSING,
    "NOPERM User default has no permissions to run the 'set' command": REFUSING,
    "NOAUTH Authentication required.": REFUSING,
    "WRONGPASS invalid username-password pair or user is disabled.": REFUSING,
    "DENIED Redis is running in protected mode": REFUSING,
    "MOVED 3999 127.0.0.1:6381": REFUSING,
    "ASK 3999 127.0.0.1:6381": REFUSING,
    "ERR max number of clients reached": REFUSING,
    "ERR max number of clients + cluster connections reached": REFUSING,
    "ERR wrong number of arguments for 'get' command": BROKEN,
    "ERR unknown command 'XNACK'": BROKEN,
    "WRONGTYPE Operation against a key holding the wrong kind of value": BROKEN,
    "BUSYGROUP Consumer Group name already exists": BROKEN,
    "NOGROUP No such key or consumer group": BROKEN,
    "NOSCRIPT No matching script.": BROKEN,
    "CROSSSLOT Keys in request don't hash to the same slot": BROKEN,
}


@pytest.mark.parametrize(("reply", "expected"), REPLIES.items())
def test_redis_error_is_classified_by_the_first_word_of_the_reply(reply: str, expected: StoreFailure) -> None:
    error = BaseParser.parse_error(reply)  # type: ignore[no-untyped-call] # as redis-py makes it
    assert redis_failure(error) is expected


def test_every_redis_code_of_the_table_has_a_case() -> None:
    assert REDIS_CODES.keys() - {reply.partition(" ")[0] for reply in REPLIES} == set()


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (RedisConnectionError("Connection closed by server."), AWAY),
        (RedisTimeoutError("Timeout reading from 127.0.0.1"), AWAY),
        (ConnectionResetError(104, "Connection reset by peer"), AWAY),
        (TimeoutError(), AWAY),
        (ResponseError("no reply of a server"), BROKEN),
        (NoScriptError("No matching script."), BROKEN),
        (RedisError("something else"), BROKEN),
        (ValueError("something else"), BROKEN),
    ],
)
def test_redis_error_without_a_reply_is_classified_by_its_type(error: Exception, expected: StoreFailure) -> None:
    assert redis_failure(error) is expected


def test_description_names_the_kind_and_the_message_of_the_store() -> None:
    error = BaseParser.parse_error("OOM command not allowed when used memory > 'maxmemory'.")  # type: ignore[no-untyped-call]
    assert describe_redis_failure(error) == "refusing: OOM command not allowed when used memory > 'maxmemory'."
    assert describe_redis_failure(TimeoutError()) == "away: TimeoutError"
