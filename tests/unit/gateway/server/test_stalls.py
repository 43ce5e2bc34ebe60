from dataclasses import dataclass

from gateway.server.stalls import Stalls


@dataclass
class Buffer:
    buffer: bytearray


def test_what_does_not_get_shorter_is_stalled() -> None:
    stalls = Stalls(send_timeout_s=10.0)
    buffers = {1: Buffer(bytearray(100)), 3: Buffer(bytearray())}
    assert [stalls.look(buffers, now) for now in (0.0, 5.0, 10.0, 10.1)] == [False, False, False, True]


def test_what_gets_shorter_has_its_time_again() -> None:
    stalls = Stalls(send_timeout_s=10.0)
    buffers = {1: Buffer(bytearray(100))}
    assert not stalls.look(buffers, 0.0)
    del buffers[1].buffer[:10]
    assert [stalls.look(buffers, now) for now in (9.0, 18.0, 19.5)] == [False, False, True]


def test_what_is_gone_is_forgotten() -> None:
    stalls = Stalls(send_timeout_s=10.0)
    assert not stalls.look({1: Buffer(bytearray(100))}, 0.0)
    assert not stalls.look({}, 5.0)
    assert not stalls.look({1: Buffer(bytearray(100))}, 11.0)
