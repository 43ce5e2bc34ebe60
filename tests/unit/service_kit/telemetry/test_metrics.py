"""Metrics as Prometheus sees them."""

import platform

import pytest
from prometheus_client.parser import text_string_to_metric_families
from service_kit.telemetry import metrics

early = metrics.meter("test.early").create_counter("test.early", description="Made before the start")


@pytest.fixture(autouse=True, scope="module")
def started() -> None:
    if not metrics._identity:
        metrics.start(service="demo", version="1.2")


def samples() -> dict[str, list[tuple[dict[str, str], float]]]:
    text, content_type = metrics.exposition()
    assert content_type.startswith("text/plain; version=0.0.4")
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in text_string_to_metric_families(text.decode()):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


def test_counter_is_exported_with_one_suffix_and_its_own_labels_only() -> None:
    early.add(2, {"outcome": "ok"})
    assert samples()["test_early_total"] == [({"outcome": "ok"}, 2.0)]


def test_from_zero_exports_a_counter_before_its_first_increment() -> None:
    metrics.from_zero(metrics.meter("test").create_counter("test.rare"), {"cause": "a"}, {"cause": "b"})
    metrics.from_zero(metrics.meter("test").create_counter("test.bare"))
    assert samples()["test_rare_total"] == [({"cause": "a"}, 0.0), ({"cause": "b"}, 0.0)]
    assert samples()["test_bare_total"] == [({}, 0.0)]


def test_samples_are_yielded_one_by_one() -> None:
    early.add(1, {"outcome": "read"})
    assert ("test_early_total", {"outcome": "read"}, 1.0) in list(metrics.samples())


def test_target_info_names_the_service() -> None:
    early.add(1)
    service, version = metrics._identity[0]
    [(labels, _)] = samples()["target_info"]
    assert (labels["service_name"], labels["service_version"]) == (service, version)


def test_build_info_names_service_version_and_commit() -> None:
    service, version = metrics._identity[0]
    [(labels, value)] = samples()["headrace_build_info"]
    assert value == 1
    assert labels == {
        "service_name": service,
        "version": version,
        "revision": labels["revision"],
        "python": platform.python_version(),
    }


def test_cpu_and_memory_of_the_process_are_exported() -> None:
    found = samples()
    assert found["process_resident_memory_bytes"][0][1] > 1e6
    assert found["process_cpu_seconds_total"][0][1] > 0
    assert found["process_open_fds"][0][1] > 2
    assert found["process_max_fds"][0][1] > 2
    assert "python_gc_objects_collected_total" in found
    assert "python_gc_collections_total" in found


def test_second_start_is_ignored_for_the_same_service_and_refused_for_another() -> None:
    service, version = metrics._identity[0]
    metrics.start(service=service, version=version)
    with pytest.raises(RuntimeError, match=service):
        metrics.start(service="another", version=version)
