"""The summary of a run: seconds and tests per folder."""

import pytest

from tests.folder_times import folder_times


def _report(nodeid: str, when: str, duration: float) -> pytest.TestReport:
    return pytest.TestReport(nodeid, ("", 0, ""), {}, "passed", None, when, duration=duration)  # type: ignore[arg-type]


def test_folder_times_add_up_set_up_call_and_teardown_and_count_a_test_once() -> None:
    reports = [
        _report("tests/e2e/test_login.py::test_a", "setup", 2.0),
        _report("tests/e2e/test_login.py::test_a", "call", 0.25),
        _report("tests/e2e/test_login.py::test_a", "teardown", 0.25),
        _report("tests/e2e/test_login.py::test_b[a/b::c]", "call", 0.5),
    ]
    assert folder_times(reports) == [("tests/e2e", 3.0, 2)]


def test_folder_times_stop_at_the_third_level_and_list_the_slowest_first() -> None:
    reports = [
        _report("tests/unit/gateway/limits/test_quota.py::test_a", "call", 1.0),
        _report("tests/unit/gateway/test_masking.py::test_a", "call", 1.0),
        _report("tests/integration/redis/test_a.py::test_a", "call", 3.0),
        _report("tests/contract/test_a.py::test_a", "call", 0.01),
    ]
    assert folder_times(reports) == [("tests/integration/redis", 3.0, 1), ("tests/unit/gateway", 2.0, 2)]
