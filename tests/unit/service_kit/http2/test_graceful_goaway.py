from hyperframe.frame import GoAwayFrame
from service_kit.http2 import GracefulGoAway

ANY_STREAM = 2**31 - 1


class Client:
    """Keeps what was written to it: the last stream of each GOAWAY."""

    def __init__(self) -> None:
        self.last_streams: list[int] = []

    def write(self, frame: bytes) -> None:
        parsed, size = GoAwayFrame.parse_frame_header(memoryview(frame[:9]))
        assert isinstance(parsed, GoAwayFrame)
        parsed.parse_body(memoryview(frame[9 : 9 + size]))
        assert (parsed.stream_id, parsed.error_code) == (0, 0)
        self.last_streams.append(parsed.last_stream_id)


def test_goaway_names_any_stream_first_and_the_last_accepted_one_later() -> None:
    client = Client()
    goaway = GracefulGoAway(client.write)
    goaway.begin(notice_s=60.0)
    goaway.begin(notice_s=60.0)
    goaway.finish_if_due(0.0)
    assert client.last_streams == [ANY_STREAM]
    assert not goaway.is_final

    goaway.last_accepted = 7
    goaway.finish_if_due(float("inf"))
    goaway.finish()
    assert client.last_streams == [ANY_STREAM, 7]
    assert goaway.is_final


def test_goaway_without_notice_is_sent_once() -> None:
    client = Client()
    GracefulGoAway(client.write).finish()
    assert client.last_streams == [0]
