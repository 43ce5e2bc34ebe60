"""Strict JSON: what a lenient parser would let pass is refused, and nothing else is."""

import contextlib
import json
import time
from decimal import Decimal
from typing import Any

import pytest
from gateway.transcoding.json_reader import JsonError, has_more_values, read_object
from hypothesis import given
from hypothesis import strategies as st

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), _VALUES, max_size=4))
def test_objects_come_back_as_they_were(members: dict[str, Any]) -> None:
    text = json.dumps(members)
    assert read_object(text.encode()) == json.loads(text, parse_float=Decimal)


def _count(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(_count, inner))


def _empty(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return int(isinstance(value, dict | list) and not value) + sum(map(_empty, inner))


@given(_VALUES, st.sampled_from([None, 1]))
def test_values_are_counted_without_decoding(value: Any, indent: int | None) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=False).encode("utf-8", "surrogatepass")
    # Commas and brackets: one for each value but the outermost, and one more for each empty object or list.
    openings = _count(value) - 1 + _empty(value)
    assert not has_more_values(text, openings + 1)
    assert openings == 0 or has_more_values(text, openings)


@given(st.binary(max_size=60))
def test_any_bytes_are_an_object_or_an_error(body: bytes) -> None:
    with contextlib.suppress(JsonError):
        assert isinstance(read_object(body), dict)


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        (b"", "json.syntax"),
        (b"[]", "json.type"),
        (b"null", "json.type"),
        (b'{"a":1,"a":2}', "json.duplicate_key"),
        (b'{"a":{"b":1,"b":1}}', "json.duplicate_key"),
        (b'{"a":NaN}', "json.syntax"),
        (b'{"a":-Infinity}', "json.syntax"),
        (b'{"a":' + b"9" * 5000 + b"}", "json.syntax"),
        (b'{"a":"\xff"}', "json.utf8"),
        (b'{"\\ud800":1}', "json.utf8"),
        (b'{"a":[{"\\udfff":1,"\\udfff":2}]}', "json.utf8"),
        (b"\xef\xbb\xbf{}", "json.syntax"),
        (b'{"a":"\n"}', "json.syntax"),
        (b"{'a':1}", "json.syntax"),
        (b'{"a":' + b"[" * 32 + b"]" * 32 + b"}", "json.nesting"),
        (b"[" * 33, "json.nesting"),
        (b"[" * 100_000, "json.max_values"),
        (b'{"a":[' + b"{}," * 100_000 + b"{}]}", "json.max_values"),
        (b"{" + b'"":"",' * 100_000 + b"}", "json.max_values"),
        (b'{"a":1.' + b"0" * 500 + b"}", "json.syntax"),
        (b'{"a":1e' + b"9" * 300 + b"}", "json.syntax"),
    ],
)
def test_refused(body: bytes, rule: str) -> None:
    with pytest.raises(JsonError) as refused:
        read_object(body)

    assert refused.value.violation.rule == rule


def test_nesting_of_exactly_the_limit_is_taken() -> None:
    body = b'{"a":' + b"[" * 31 + b"]" * 31 + b"}"

    assert "a" in read_object(body)


def test_brackets_in_strings_are_no_nesting() -> None:
    assert read_object(json.dumps({"a": "[{" * 100 + '\\"'}).encode()) == {"a": "[{" * 100 + '\\"'}


def test_commas_and_brackets_in_strings_are_no_values() -> None:
    body = json.dumps({"a": '[{,"\\' * 1000, 'b"[': "\\\\,"}).encode()

    assert len(read_object(body, max_values=3)) == 2


@pytest.mark.parametrize("body", [b'{"' + b'\\"' * 200_000 + b"{" * 40, b'"' * 400_001 + b"[" * 40, b"\\" * 400_001])
def test_hostile_text_takes_linear_time(body: bytes) -> None:
    started = time.process_time()

    with pytest.raises(JsonError):
        read_object(body)

    # Quadratic work on this much text takes minutes; linear work takes milliseconds.
    assert time.process_time() - started < 5
