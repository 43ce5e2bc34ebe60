"""Our header encoder against hpack's own decoder."""

from gateway.upstream.header_encoder import HeaderEncoder
from hpack import Decoder
from hypothesis import given
from hypothesis import strategies as st

FIXED = [(b":method", b"POST"), (b":path", b"/order.v1.OrderService/GetOrder"), (b"te", b"trailers")]
_NAMES = st.sampled_from([b":path", b"te", b"authorization", b"x-request-id", b"grpc-timeout", b"x-client-user-agent"])
_VALUES = st.binary(max_size=300)
_BLOCKS = st.lists(st.lists(st.tuples(_NAMES, _VALUES), max_size=8), max_size=6)


@given(_BLOCKS)
def test_a_decoder_reads_what_was_written(blocks: list[list[tuple[bytes, bytes]]]) -> None:
    encoder, decoder = HeaderEncoder(), Decoder()
    for headers in blocks:
        assert list(decoder.decode(encoder.encode(headers), raw=True)) == headers


def test_ids_and_tokens_never_enter_the_table() -> None:
    encoder, decoder = HeaderEncoder(), Decoder()
    for number in range(1000):
        ids = [(b"x-request-id", b"%032x" % number), (b"authorization", b"Bearer " + b"x" * 600)]
        assert list(decoder.decode(encoder.encode([*FIXED, *ids]), raw=True)) == [*FIXED, *ids]

    assert len(encoder.header_table.dynamic_entries) <= len(FIXED)


def test_a_smaller_table_is_announced() -> None:
    encoder, decoder = HeaderEncoder(), Decoder()
    encoder.header_table_size = 128
    assert list(decoder.decode(encoder.encode(FIXED), raw=True)) == FIXED
    assert decoder.header_table_size == 128
