"""The cost of a full page of orders: processor time of order-svc and the gateway per GET with page_size=100.

The orders have the largest number of lines, so the page ends at its largest size in bytes. The cost of one page is
about the time that it blocks the event loop of each process.
"""

from statistics import median

import httpx2

from benchmarks.cpu import cpu_time_of
from benchmarks.overhead import identified
from benchmarks.platform import Platform, running_platform

_ORDERS, _LINES = 100, 100
_PAGES = 20
_AIM_MS = 20.0
_PROCESSES = ("order-svc", "gateway")


def run(_seconds: float) -> None:
    """Measures, and prints a line for each process and the result."""
    with running_platform() as platform, httpx2.Client(base_url=platform.url, timeout=30) as client:
        client.headers.update(identified(platform))
        _place_orders(client)
        page = _page(client)  # warms up
        costs_ms = [_cost_ms(platform, client) for _ in range(_PAGES)]
    orders, kib = len(page.json()["orders"]), len(page.content) / 1024
    print(f"\nFull page: {orders} orders of {_LINES} lines, {kib:.0f} KiB of JSON")
    print(f"{'process':>12} {'median ms':>12} {'least ms':>12}")
    for place, name in enumerate(_PROCESSES):
        of_process_ms = [cost_ms[place] for cost_ms in costs_ms]
        print(f"{name:>12} {median(of_process_ms):12.1f} {min(of_process_ms):12.1f}")
    most_ms = max(median(cost_ms[place] for cost_ms in costs_ms) for place in range(len(_PROCESSES)))
    print(f"Full page: {most_ms:.1f} ms in the process that it costs most (aim: {_AIM_MS:.0f} ms)")


def _place_orders(client: httpx2.Client) -> None:
    lines = [{"sku": f"item-{number:03}", "quantity": 1, "unit_price_minor": 100} for number in range(_LINES)]
    for _ in range(_ORDERS):
        client.post("/api/v1/orders", json={"currency": "EUR", "lines": lines}).raise_for_status()


def _page(client: httpx2.Client) -> httpx2.Response:
    return client.get("/api/v1/orders", params={"page_size": 100}).raise_for_status()


def _cost_ms(platform: Platform, client: httpx2.Client) -> tuple[float, ...]:
    with cpu_time_of(platform.pid("order-svc")) as orders, cpu_time_of(platform.pid("gateway")) as gateway:
        _page(client)
    return orders.seconds * 1000, gateway.seconds * 1000
