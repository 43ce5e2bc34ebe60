from gateway.server.farewell import Farewell
from hyperframe.frame import GoAwayFrame

ANY_STREAM = 2**31 - 1


class Client:
    """What was written to it: the last stream of each GOAWAY."""

    def __init__(self) -> None:
        self.last_streams: list[int] = []

    def write(self, frame: bytes) -> None:
        parsed, size = GoAwayFrame.parse_frame_header(memoryview(frame[:9]))
        assert isinstance(parsed, GoAwayFrame)
        parsed.parse_body(memoryview(frame[9 : 9 + size]))
        assert (parsed.stream_id, parsed.error_code) == (0, 0)
        self.last_streams.append(parsed.last_stream_id)


def test_first_any_stream_then_the_true_one_and_each_once() -> None:
    client = Client()
    farewell = Farewell(client.write)
    farewell.begin(notice_s=60.0)
    farewell.begin(notice_s=60.0)
    farewell.finish_if_due(0.0)
    assert client.last_streams == [ANY_STREAM]
    assert not farewell.is_final

    farewell.last_taken = 7
    farewell.finish_if_due(float("inf"))
    farewell.finish()
    assert client.last_streams == [ANY_STREAM, 7]
    assert farewell.is_final


def test_without_notice_there_is_one_word() -> None:
    client = Client()
    Farewell(client.write).finish()
    assert client.last_streams == [0]
