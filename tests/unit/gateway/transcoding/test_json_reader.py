"""Strict JSON: what a lenient parser would let pass is refused, and nothing else is."""

import contextlib
import json
import time
from typing import Any

import pytest
from gateway.transcoding.json_reader import JsonError, read_object
from hypothesis import given
from hypothesis import strategies as st

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), _VALUES, max_size=4))
def test_objects_come_back_as_they_were(members: dict[str, Any]) -> None:
    assert read_object(json.dumps(members).encode()) == members


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
        (b"[" * 100_000, "json.nesting"),
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


@pytest.mark.parametrize("body", [b'{"' + b'\\"' * 200_000 + b"{" * 40, b'"' * 400_001 + b"[" * 40])
def test_hostile_text_takes_linear_time(body: bytes) -> None:
    started = time.process_time()

    with pytest.raises(JsonError):
        read_object(body)

    # Quadratic work on this much text takes minutes; linear work takes milliseconds.
    assert time.process_time() - started < 5
