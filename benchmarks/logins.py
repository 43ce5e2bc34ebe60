"""Logins per second, over what the password hash alone allows: the number of cores over the time of one hash."""

import os
import time
from statistics import median

from argon2 import PasswordHasher

from benchmarks.platform import PASSWORD, running_platform
from benchmarks.wrk import run_wrk
from benchmarks.wrk_scripts import logging_in

_AIM = 0.85
#: What user-svc uses unless set otherwise.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_ACCOUNTS = 100


def run(seconds: float) -> None:
    """Measure, and print both numbers and their ratio."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    hash_s = _time_of_one_hash()
    with running_platform() as platform, logging_in(platform, _ACCOUNTS) as script:
        target = f"{platform.url}/api/users/log"
        load = run_wrk(target, seconds=seconds, connections=4 * cores, headers={}, script=script)
    bound = cores / hash_s
    print(f"\nLogins: {load.per_second:.1f}/s; one argon2id hash takes {hash_s * 1000:.1f} ms of one of {cores} cores")
    print(f"Logins over the bound of {bound:.1f}/s: {load.per_second / bound:.2f} (aim: at least {_AIM})")


def _time_of_one_hash() -> float:
    times = []
    for _ in range(15):
        started = time.perf_counter()
        _HASHER.hash(PASSWORD)
        times.append(time.perf_counter() - started)
    return median(times)
