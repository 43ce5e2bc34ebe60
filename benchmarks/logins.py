"""Logins per second, relative to the maximum that the password hash allows: cores divided by the time of a hash."""

import time
from statistics import median

from benchmarks.cores import CORES
from benchmarks.hashes import HASHER
from benchmarks.platform import PASSWORD, running_platform
from benchmarks.wrk import run_wrk
from benchmarks.wrk_scripts import logging_in

_AIM = 0.85
_ACCOUNTS = 100


def run(seconds: float) -> None:
    """Measures, and prints both numbers and their ratio."""
    hash_s = _time_of_one_hash()
    with running_platform() as platform, logging_in(platform, _ACCOUNTS) as script:
        target = f"{platform.url}/api/users/log"
        load = run_wrk(target, seconds=seconds, connections=4 * CORES, headers={}, script=script)
    bound = CORES / hash_s
    print(f"\nLogins: {load.per_second:.1f}/s; one argon2id hash takes {hash_s * 1000:.1f} ms of one of {CORES} cores")
    print(f"Logins over the bound of {bound:.1f}/s: {load.per_second / bound:.2f} (aim: at least {_AIM})")


def _time_of_one_hash() -> float:
    times = []
    for _ in range(15):
        started = time.perf_counter()
        HASHER.hash(PASSWORD)
        times.append(time.perf_counter() - started)
    return median(times)
