"""The effect of 200 concurrent logins on other clients: the p99 of reading an order, with and without them.

The readers pause between their requests, so that they do not saturate the machine by themselves. For comparison, the
same is measured beside password hashes in another process: the cost of sharing cores with hashing.
"""

from statistics import median

from benchmarks.cores import CORES
from benchmarks.cpu import wait_until_idle
from benchmarks.hashes import foreign_hashes
from benchmarks.platform import PASSWORD, running_platform
from benchmarks.wrk import run_wrk, wrk_in_background
from benchmarks.wrk_scripts import logging_in, pausing

_AIM = 1.5
_ROUNDS = 5
_LOGINS = 200
_READERS = 2
_PAUSE_MS = 20
_ORDER = {"currency": "EUR", "lines": [{"sku": "boots-42", "quantity": 1, "unit_price_minor": 12900}]}


def run(seconds: float) -> None:
    """Measures, and prints both numbers and their ratio."""
    with running_platform() as platform, logging_in(platform, _LOGINS) as script, pausing(_PAUSE_MS) as pauses:
        account = {"email": "reader@example.com", "name": "Reader", "password": PASSWORD}
        token = platform.post("/api/users/reg", account)["access_token"]
        order_id = platform.post("/api/orders/add", _ORDER, token)["order_id"]
        target, headers = f"{platform.url}/api/v1/orders/{order_id}", {"Authorization": f"Bearer {token}"}

        def p99_s() -> float:
            return run_wrk(target, seconds=seconds, connections=_READERS, headers=headers, script=pauses).p99_s

        p99_s()  # warms up
        rounds = []
        for _ in range(_ROUNDS):
            wait_until_idle(platform.pid("user-svc"))  # waits for the hashes of the last storm
            quiet_s = p99_s()
            with foreign_hashes(CORES):
                beside_hashes_s = p99_s()
            with wrk_in_background(f"{platform.url}/api/users/log", connections=_LOGINS, script=script):
                rounds.append((quiet_s, beside_hashes_s, p99_s()))
    print(f"\nReading an order, p99 in ms: alone; beside {CORES} foreign hashes at once; beside {_LOGINS} logins:")
    for quiet_s, *others_s in rounds:
        beside = "".join(f"{other_s * 1000:8.1f} {other_s / quiet_s:6.2f}x" for other_s in others_s)
        print(f"{quiet_s * 1000:8.1f}{beside}")
    hashes, logins = (median(row[column] / row[0] for row in rounds) for column in (1, 2))
    print(f"Median: {hashes:.2f}x beside foreign hashes; {logins:.2f}x beside the logins (aim: at most {_AIM}x)")
