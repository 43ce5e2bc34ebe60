"""The media type of a body, as RFC 9110 spells it."""

import pytest
from gateway.media_types import accepted_by, is_json, unsupported
from hypothesis import given
from hypothesis import strategies as st


def _is_json(*values: bytes) -> bool:
    return is_json([(b"host", b"x"), *((b"content-type", value) for value in values)])


@pytest.mark.parametrize(
    "value",
    [
        *[
            b"application/json",
            b"APPLICATION/Json",
            b" application/json ",
            b"application/json;",
            b"application/json ; ;",
        ],
        *[b"application/json;charset=utf-8", b"application/json; Charset=UTF-8", b'application/json; charset="utf-8"'],
        *[b"application/json; charset=utf8", b'application/json; charset="u\\tf-8"', b"application/json; version=1"],
        *[b"application/json; charset=utf-8; charset=UTF8", b'application/json; a="; charset=latin1"'],
        *[b'application/json; a="\\"; charset=latin1"; b=c', b"application/json;;charset=utf-8;"],
    ],
)
def test_json_in_utf_8(value: bytes) -> None:
    assert _is_json(value)


@pytest.mark.parametrize(
    "value",
    [
        *[
            b"text/plain",
            b"application/x-www-form-urlencoded",
            b"application/xml",
            b"",
            b"json",
            b"*/*",
            b"application/*",
            b"text/json",
            b"application/jsonx",
            b"application/json/x",
        ],
        *[b"application/json-patch+json", b"application/ json", b"appli cation/json", b"application /json"],
        *[b"application/json, application/json", b"application/json charset=utf-8", b"application/json; charset"],
        *[b"application/json; charset=", b"application/json; charset =utf-8", b"application/json; charset= utf-8"],
        *[
            b"application/json; charset=latin1",
            b'application/json; charset="utf-16"',
            b'application/json; charset="utf-8',
        ],
        *[b"application/json; charset=utf-8; charset=ascii", b"application/json; =x", b'application/json; a="b"c'],
        *[b"application/json\x00", b"application/json; a=\xff", b"application/json; charset='utf-8'"],
    ],
)
def test_anything_else(value: bytes) -> None:
    assert not _is_json(value)


def test_there_is_exactly_one() -> None:
    assert not _is_json()
    assert not _is_json(b"application/json", b"application/json")


@given(st.binary(max_size=60))
def test_any_bytes_have_an_answer(value: bytes) -> None:
    assert _is_json(value) in {True, False}
    assert _is_json(b"application/json;" + value) in {True, False}


@pytest.mark.parametrize(
    ("http_method", "more"), [("POST", [b"accept-post"]), ("PATCH", [b"accept-patch"]), ("PUT", [])]
)
def test_a_refusal_names_what_is_taken(http_method: str, more: list[bytes]) -> None:
    problem = unsupported(http_method, "No.")
    assert (problem.status, problem.code) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert [name for name, _ in problem.headers] == [b"accept", b"accept-encoding", *more]


def test_the_fields_of_several_methods() -> None:
    assert [name for name, _ in accepted_by("DELETE", "GET", "PATCH", "POST")] == [b"accept-patch", b"accept-post"]
