from gateway.server.unsent import Unsent


def test_what_is_taken_at_once_is_no_matter() -> None:
    unsent = Unsent(timeout_s=10.0)
    unsent.add(100)
    assert unsent.pending
    assert not unsent.lies(0, 0.0)
    assert not unsent.pending


def test_what_is_not_taken_lies() -> None:
    unsent = Unsent(timeout_s=10.0)
    unsent.add(100)
    assert [unsent.lies(60, now) for now in (0.0, 9.9, 10.0)] == [False, False, True]


def test_a_little_now_and_then_is_not_enough() -> None:
    unsent = Unsent(timeout_s=10.0)
    unsent.add(100)
    assert [unsent.lies(60 - now, float(now)) for now in range(11)] == [False] * 10 + [True]


def test_whoever_gets_through_what_was_waiting_has_its_time_again() -> None:
    unsent = Unsent(timeout_s=10.0)
    unsent.add(100)
    assert not unsent.lies(60, 0.0)
    unsent.add(100)
    assert not unsent.lies(100, 9.0)
    assert not unsent.lies(100, 18.0)
    assert unsent.lies(100, 19.0)
