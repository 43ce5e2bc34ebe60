"""Header compression for our calls (HPACK, RFC 7541), by what we know of the headers.

hpack's encoder puts every header into its table. Ours are of three kinds: a dozen that never change (method, path,
content type), which belong there; ids that never come again, which only push the others out; and tokens and
addresses, which come again for a while, but are long, and none of the table's business (RFC 7541, 7.1.3). In Python,
searching a table of ids and Huffman-coding them takes a third of the time of a whole call. So only the first kind goes
into the table, and the rest is sent as it is, "never indexed"; of the third kind, the bytes are remembered.
"""

from functools import lru_cache
from typing import Any

from hpack import Encoder
from hpack.hpack import encode_integer

_LITERAL_NEVER_INDEXED = b"\x10"
_LENGTH_BITS = 7
_FIXED = frozenset({b":method", b":scheme", b":path", b":authority", b"te", b"content-type", b"user-agent"})
_RECURRING = frozenset({b"authorization", b"x-client-address", b"x-client-user-agent"})
#: Some 1.5 MiB of tokens.
_REMEMBERED = 2048


class HeaderEncoder(Encoder):
    """An encoder for one connection; a drop-in for hpack's."""

    def encode(self, headers: Any, huffman: bool = True) -> bytes:
        """The header block for ``headers``: pairs of bytes, as h2 hands them over."""
        block = []
        if self.header_table.resized:
            block.append(self._encode_table_size_change())
            self.header_table.resized = False
        for name, value in headers:
            if name in _FIXED:
                block.append(self.add((name, value), sensitive=False, huffman=huffman))
            elif name in _RECURRING:
                block.append(_remembered_literal(name, value))
            else:
                block.append(_literal(name, value))
        return b"".join(block)


def _literal(name: bytes, value: bytes) -> bytes:
    name_length = encode_integer(len(name), _LENGTH_BITS)
    value_length = encode_integer(len(value), _LENGTH_BITS)
    return b"".join((_LITERAL_NEVER_INDEXED, name_length, name, value_length, value))


_remembered_literal = lru_cache(maxsize=_REMEMBERED)(_literal)
