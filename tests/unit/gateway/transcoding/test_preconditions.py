"""What becomes of the preconditions of a request, for methods that can check them and for those that cannot."""

import pytest
from gateway.problems import Problem
from gateway.transcoding.preconditions import Preconditions, preconditions_of
from gateway.transcoding.response_writer import Response
from service_kit.contract import Method

from tests.examples.contracts import headrace_contract

METHODS = {method.name: method for method in headrace_contract().methods.values()}
JSON = (b"content-type", b"application/json")
PRIVATE = (b"cache-control", b"private")


def _of(method: Method, http_method: str, **fields: str) -> Preconditions | None:
    headers = [(name.replace("_", "-").encode(), value.encode()) for name, value in fields.items()]
    return preconditions_of(method, http_method, [(b"host", b"x"), *headers])


def _get(version: int | None, **fields: str) -> Response:
    tag = [] if version is None else [(b"etag", b'"%d"' % version)]
    response = Response(200, [*tag, PRIVATE, JSON, (b"content-length", b"2")], b"{}", None, version)
    preconditions = _of(METHODS["GetOrder"], "GET", **fields)
    return response if preconditions is None else preconditions.apply(response)


def _refused(version: int | None, **fields: str) -> tuple[int, str]:
    with pytest.raises(Problem) as refused:
        _get(version, **fields)
    return refused.value.status, refused.value.code


@pytest.mark.parametrize("tags", ['"7"', '"7-gzip"', '"1", "7"', "*"])
def test_the_version_that_if_match_names_is_shown(tags: str) -> None:
    assert _get(7, if_match=tags).status == 200


@pytest.mark.parametrize("tags", ['"1"', 'W/"7"', '"07"', '"x"', '"1", "2"', ""])
def test_another_version_is_not_shown(tags: str) -> None:
    assert _refused(7, if_match=tags) == (412, "VERSION_MISMATCH")


@pytest.mark.parametrize(
    ("tags", "tag"),
    [
        ('"7"', b'"7"'),
        ('W/"7"', b'"7"'),
        ('"7-gzip"', b'"7-gzip"'),
        ('W/"7-gzip"', b'"7-gzip"'),
        ('"1", "7"', b'"7"'),
        ("*", b'"7"'),
    ],
)
def test_client_with_the_current_version_gets_304_with_the_tag_of_its_copy(tags: str, tag: bytes) -> None:
    assert _get(7, if_none_match=tags) == Response(304, [(b"etag", tag), PRIVATE], b"", None, 7)


@pytest.mark.parametrize("tags", ['"1"', '"7-br"', '"x"', ""])
def test_a_client_that_has_another_version_gets_this_one(tags: str) -> None:
    assert _get(7, if_none_match=tags).status == 200


def test_if_match_goes_before_if_none_match() -> None:
    assert _refused(7, if_match='"1"', if_none_match='"7"') == (412, "VERSION_MISMATCH")
    assert _get(7, if_match='"7"', if_none_match='"7"').status == 304


def test_an_answer_without_a_version_matches_no_tag() -> None:
    assert _get(None, if_none_match='"1"').status == 200
    assert _get(None, if_none_match="*").status == 304
    assert _get(None, if_match="*").status == 200
    assert _refused(None, if_match='"1"') == (412, "PRECONDITION_NOT_SUPPORTED")


@pytest.mark.parametrize("name", ["if_match", "if_none_match"])
def test_a_malformed_field_is_refused_before_the_call(name: str) -> None:
    with pytest.raises(Problem) as refused:
        _of(METHODS["GetOrder"], "GET", **{name: "7"})
    assert (refused.value.status, refused.value.code) == (400, "INVALID_REQUEST")
    assert [violation.rule for violation in refused.value.violations] == ["header.format"]


UNSAFE = [
    (method, binding.http_method)
    for method in METHODS.values()
    for binding in method.bindings
    if binding.http_method != "GET"
]


@pytest.mark.parametrize(("method", "http_method"), UNSAFE, ids=lambda part: getattr(part, "name", part))
def test_an_unsafe_method_refuses_what_it_cannot_check(method: Method, http_method: str) -> None:
    unsupported = [{"if_none_match": "*"}, {"if_none_match": '"1"'}, {"if_unmodified_since": "anything"}]
    if method.expected_versions is None:
        unsupported += [{"if_match": '"nope"'}, {"if_match": "*"}, {"if_match": "malformed"}]
    else:
        assert _of(method, http_method, if_match='"nope"') is None
        assert _of(method, http_method, if_match='"1"', if_unmodified_since="anything") is None
    for fields in unsupported:
        with pytest.raises(Problem) as refused:
            _of(method, http_method, **fields)
        assert (refused.value.status, refused.value.code) == (412, "PRECONDITION_NOT_SUPPORTED")


@pytest.mark.parametrize(("method", "http_method"), [*UNSAFE, (METHODS["GetOrder"], "GET")])
def test_what_may_be_ignored_is(method: Method, http_method: str) -> None:
    assert _of(method, http_method, if_modified_since="Sat, 29 Oct 1994 19:43:31 GMT", if_range='"1"') is None


def test_a_date_cannot_be_checked_for_a_get_either() -> None:
    assert _refused(7, if_unmodified_since="Sat, 29 Oct 1994 19:43:31 GMT") == (412, "PRECONDITION_NOT_SUPPORTED")


def test_the_methods_that_check_versions_are_those_that_change_an_order() -> None:
    assert {name for name, method in METHODS.items() if method.expected_versions} == {
        "UpdateOrderStatus",
        "DeleteOrder",
    }
