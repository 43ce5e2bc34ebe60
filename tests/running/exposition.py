"""The metrics of a running process, from /metrics."""

import httpx2
from prometheus_client.parser import text_string_to_metric_families

#: A name, and labels with values.
Series = tuple[str, frozenset[tuple[str, str]]]


def exposition(admin_url: str) -> str:
    """Returns the text that Prometheus scrapes."""
    return httpx2.get(f"{admin_url}/metrics", timeout=10).raise_for_status().text


def series(text: str) -> dict[Series, float]:
    """Returns every sample except the buckets of histograms."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if not sample.name.endswith("_bucket")
    }
