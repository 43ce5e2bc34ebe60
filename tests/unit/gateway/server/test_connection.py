from gateway.server.connection import LingeringClose

MIB = 1024 * 1024


def test_lingering_close_ends_with_the_first_pause() -> None:
    assert LingeringClose().begin(10.0) == 10.5


def test_lingering_close_continues_while_bytes_arrive_up_to_a_maximum() -> None:
    lingering = LingeringClose()
    lingering.begin(10.0)
    assert [lingering.on_received(100, now) for now in (10.4, 10.8, 11.9)] == [10.9, 11.3, 12.0]


def test_lingering_close_reads_at_most_16_mib() -> None:
    lingering = LingeringClose()
    lingering.begin(10.0)
    assert lingering.on_received(16 * MIB, 10.1) > 10.1
    assert lingering.on_received(1, 10.2) == 10.2
