"""What a running process tells of itself at /metrics."""

import httpx2
from prometheus_client.parser import text_string_to_metric_families

#: A name, and labels with their values.
Series = tuple[str, frozenset[tuple[str, str]]]


def exposition(admin_url: str) -> str:
    """The text that Prometheus would read there."""
    return httpx2.get(f"{admin_url}/metrics", timeout=10).raise_for_status().text


def series(text: str) -> dict[Series, float]:
    """Every sample but the buckets of histograms, whose counts say as much."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if not sample.name.endswith("_bucket")
    }
