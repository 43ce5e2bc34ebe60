"""Flood protection: the budget of frames."""

from service_kit.grpc.connection import FrameBudget


def test_calls_pay_for_their_frames() -> None:
    budget = FrameBudget()
    assert all(budget.spend(6, accepted=1, abandoned=0, size_bytes=300) for _ in range(10_000))


def test_message_of_many_frames_pays_by_its_size() -> None:
    budget = FrameBudget()
    assert all(budget.spend(1, accepted=0, abandoned=0, size_bytes=16_384) for _ in range(10_000))


def test_small_frames_without_calls_exhaust_the_budget() -> None:
    budget = FrameBudget()
    kept = [budget.spend(1, accepted=0, abandoned=0, size_bytes=17) for _ in range(5_000)]
    assert all(kept[:1_000])
    assert not kept[-1]


def test_calls_that_are_reset_at_once_exhaust_the_budget() -> None:
    budget = FrameBudget()
    kept = [budget.spend(2, accepted=1, abandoned=1, size_bytes=200) for _ in range(2_000)]
    assert all(kept[:100])
    assert not kept[-1]
