"""Metrics as a test wants them, in the names of Prometheus."""

from gateway.status.change import Change
from gateway.status.reading import Reading, Sample

BOUNDS = ("0.01", "0.1", "1.0", "+Inf")


def histogram(name: str, counts: tuple[int, ...], **labels: str) -> list[Sample]:
    """So many values up to each of BOUNDS, and no more up to the one before it."""
    sums = [float(sum(counts[: index + 1])) for index in range(len(BOUNDS))]
    buckets: list[Sample] = [
        (f"{name}_bucket", {**labels, "le": bound}, total) for bound, total in zip(BOUNDS, sums, strict=True)
    ]
    return [*buckets, (f"{name}_count", labels, sums[-1])]


def requests(counts: tuple[int, ...], status: str = "200", route: str = "/api/orders") -> list[Sample]:
    """Requests, by how long they took."""
    labels = {"http_request_method": "GET", "http_route": route, "http_response_status_code": status}
    return histogram("http_server_request_duration_seconds", counts, **labels)


def change(after: list[Sample], before: list[Sample] | None = None, seconds: float = 2.0) -> Change:
    """What has happened within so many seconds."""
    return Change(Reading.of(before or [], 10.0), Reading.of(after, 10.0 + seconds))


def only(samples: list[Sample]) -> Change:
    """The first look: nothing to compare with."""
    reading = Reading.of(samples, 10.0)
    return Change(reading, reading)
