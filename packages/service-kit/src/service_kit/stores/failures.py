"""Classifies the error codes of PostgreSQL and Redis: one table for every service and every store.

A code that is not in the table is BROKEN: the statement or command itself is wrong, which is a bug of the service.
"""

from collections.abc import Mapping
from enum import Enum


class StoreFailure(Enum):
    """The kind of a store's failure, which decides what the caller can do about it."""

    #: The store cannot be reached, does not answer in time, or is starting or stopping: unavailable, try again later.
    AWAY = "away"
    #: The store answers, but refuses the work now (disk or memory full, read-only, a missing right): unavailable too.
    REFUSING = "refusing"
    #: The store has rolled the work back and allows a retry: repeated once, then unavailable.
    REPEATABLE = "repeatable"
    #: The statement or command is wrong, or violates a constraint: internal, unless the caller knows the constraint.
    BROKEN = "broken"


#: By SQLSTATE, or by its class (the first two characters); the longer entry wins.
#: https://www.postgresql.org/docs/current/errcodes-appendix.html
SQLSTATES: Mapping[str, StoreFailure] = {
    "08": StoreFailure.AWAY,  # connection exception
    "25006": StoreFailure.REFUSING,  # read-only transaction: a standby, or a primary that protects its disk
    "26000": StoreFailure.REPEATABLE,  # the prepared statement is gone: DISCARD ALL, or a pooler in between
    "28": StoreFailure.REFUSING,  # the role cannot log in: a rotated password
    "40": StoreFailure.REPEATABLE,  # rolled back: serialization failure, deadlock
    "40003": StoreFailure.AWAY,  # completion unknown: never repeated
    "42501": StoreFailure.REFUSING,  # a right is missing: a migration has not granted it yet
    "53": StoreFailure.REFUSING,  # out of disk, memory or connections
    "55006": StoreFailure.REFUSING,  # object in use
    "55P03": StoreFailure.REFUSING,  # lock not available: lock_timeout
    "57": StoreFailure.AWAY,  # cancelled by a time-out or an operator, shutting down, starting up
    "58": StoreFailure.REFUSING,  # input/output error
    "XX001": StoreFailure.REFUSING,  # data corrupted
    "XX002": StoreFailure.REFUSING,  # index corrupted
}

#: By the first word of the server's error reply.
REDIS_CODES: Mapping[str, StoreFailure] = {
    "LOADING": StoreFailure.AWAY,  # loads its data set after a start
    "MASTERDOWN": StoreFailure.AWAY,  # a replica without its primary
    "CLUSTERDOWN": StoreFailure.AWAY,
    "TRYAGAIN": StoreFailure.AWAY,  # a slot is being moved
    "UNBLOCKED": StoreFailure.AWAY,  # a fail-over ended the wait
    "NOREPLICAS": StoreFailure.REFUSING,  # min-replicas-to-write
    "BUSY": StoreFailure.REFUSING,  # a script runs for too long
    "OOM": StoreFailure.REFUSING,  # maxmemory is reached
    "MISCONF": StoreFailure.REFUSING,  # cannot persist: disk full
    "READONLY": StoreFailure.REFUSING,  # a replica
    "NOPERM": StoreFailure.REFUSING,  # the ACL does not allow it
    "NOAUTH": StoreFailure.REFUSING,
    "WRONGPASS": StoreFailure.REFUSING,  # a rotated password
    "DENIED": StoreFailure.REFUSING,  # protected mode
    "MOVED": StoreFailure.REFUSING,  # a cluster, which the platform does not support
    "ASK": StoreFailure.REFUSING,
}


def sqlstate_failure(sqlstate: str) -> StoreFailure:
    """Returns the kind of a PostgreSQL error. sqlstate: five characters."""
    return SQLSTATES.get(sqlstate) or SQLSTATES.get(sqlstate[:2]) or StoreFailure.BROKEN


def redis_code_failure(code: str) -> StoreFailure:
    """Returns the kind of a Redis error reply. code: its first word, such as "OOM"."""
    return REDIS_CODES.get(code, StoreFailure.BROKEN)
