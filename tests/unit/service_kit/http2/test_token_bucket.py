from service_kit.http2 import TokenBucket


def test_full_bucket_allows_its_size_at_once() -> None:
    bucket = TokenBucket(3, now=100.0)
    assert [bucket.spend(100.0) for _ in range(5)] == [True, True, True, False, False]


def test_bucket_refills_within_ten_seconds() -> None:
    bucket = TokenBucket(10, now=100.0)
    assert all(bucket.spend(100.0) for _ in range(10))
    assert [bucket.spend(103.0) for _ in range(4)] == [True, True, True, False]


def test_bucket_never_holds_more_than_its_size() -> None:
    bucket = TokenBucket(2, now=100.0)
    bucket.grant(50)
    assert [bucket.spend(1000.0) for _ in range(3)] == [True, True, False]


def test_granted_tokens_can_be_spent() -> None:
    bucket = TokenBucket(2, now=100.0)
    assert all(bucket.spend(100.0) for _ in range(2))
    bucket.grant(1)
    assert [bucket.spend(100.0) for _ in range(2)] == [True, False]
