"""What 200 logins at once do to everybody else: the 99th percentile of reading an order, with and without them.

The readers pause between their requests: if they kept the machine busy alone, it would be shared, whatever the rest is.
"""

from statistics import median

from benchmarks.cpu import wait_until_idle
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
    """Measure, and print both numbers and their ratio."""
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
            wait_until_idle(platform.pid("user-svc"))  # hashes that a storm has left behind
            quiet_s = p99_s()
            with wrk_in_background(f"{platform.url}/api/users/log", connections=_LOGINS, script=script):
                rounds.append((quiet_s, p99_s()))
    print(f"\nReading an order, p99 in ms, alone and beside {_LOGINS} logins at once:")
    for quiet_s, stormy_s in rounds:
        print(f"{quiet_s * 1000:10.1f} {stormy_s * 1000:10.1f} {stormy_s / quiet_s:8.2f}x")
    print(f"Median: {median(stormy_s / quiet_s for quiet_s, stormy_s in rounds):.2f}x (aim: at most {_AIM}x)")
