"""File descriptors: a process that runs out of them can neither take connections in nor open any."""

import resource

from loguru import logger

#: For connections to services and stores, the admin port, and those that are being turned away.
_RESERVED = 512


def afford(connections: int) -> int:
    """How many of so many connections can be had; raises the process's own limit as far as the system lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _RESERVED
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return connections
    affordable = max(soft - _RESERVED, soft // 2)
    logger.warning("{} file descriptors are enough for {} connections, not for {}", soft, affordable, connections)
    return affordable
