from gateway.server.transport import WriteStallTimer


def test_output_that_is_sent_at_once_is_not_pending() -> None:
    timer = WriteStallTimer(timeout_s=10.0)
    timer.add(100)
    assert timer.pending
    assert not timer.is_stalled(0, 0.0)
    assert not timer.pending


def test_output_that_is_not_read_is_stalled_after_the_timeout() -> None:
    timer = WriteStallTimer(timeout_s=10.0)
    timer.add(100)
    assert [timer.is_stalled(60, now) for now in (0.0, 9.9, 10.0)] == [False, False, True]


def test_reading_less_than_a_buffer_within_the_timeout_is_stalled() -> None:
    timer = WriteStallTimer(timeout_s=10.0)
    timer.add(100)
    assert [timer.is_stalled(60 - now, float(now)) for now in range(11)] == [False] * 10 + [True]


def test_reading_a_whole_buffer_restarts_the_timeout() -> None:
    timer = WriteStallTimer(timeout_s=10.0)
    timer.add(100)
    assert not timer.is_stalled(60, 0.0)
    timer.add(100)
    assert not timer.is_stalled(100, 9.0)
    assert not timer.is_stalled(100, 18.0)
    assert timer.is_stalled(100, 19.0)
