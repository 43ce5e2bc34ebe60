import pytest
from gateway.limits.quota import Quota, parse_quota


@pytest.mark.parametrize(
    ("text", "quota"),
    [
        ("600/60s", Quota(600, 60)),
        ("10/1m", Quota(10, 60)),
        ("1000/h", Quota(1000, 3600)),
        (" 5 / 2 s ", Quota(5, 2)),
        ("1000000/1s", Quota(1_000_000, 1)),
    ],
)
def test_quota_is_parsed(text: str, quota: Quota) -> None:
    assert parse_quota(text) == quota


@pytest.mark.parametrize(
    "text",
    [
        "",
        "600",
        "600/",
        "/60s",
        "600/60",
        "600/60d",
        "-1/60s",
        "0/60s",
        "10/0s",
        "1.5/60s",
        "1000001/1s",
        "9999999999/h",
    ],
)
def test_invalid_quota_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(ValueError, match="quota"):
        parse_quota(text)


def test_share_is_at_least_one_request() -> None:
    assert Quota(600, 60).share(0.25) == Quota(150, 60)
    assert Quota(2, 60).share(0.25) == Quota(1, 60)


@pytest.mark.parametrize("quota", [Quota(7, 60), Quota(999_999, 1), Quota(1, 3600)])
def test_burst_is_exactly_the_limit(quota: Quota) -> None:
    assert quota.burst_us // quota.interval_us == quota.limit
