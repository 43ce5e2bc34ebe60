import pytest
from gateway.admission.request_limits import RequestLimitsStep
from gateway.problems import Problem
from gateway.request_limits import RequestLimits

from tests.unit.gateway.asgi import Headers, admitting, call, exchange_in, http_scope

LIMITS = RequestLimits(max_target_bytes=8 * 1024, max_headers=100, max_header_bytes=16 * 1024)
APP = admitting(RequestLimitsStep(LIMITS))


async def status_of(headers: Headers) -> tuple[int, str]:
    scope = http_scope(headers=headers)
    exchange_in(scope)
    try:
        return (await call(APP, scope)).status, ""
    except Problem as problem:
        return problem.status, problem.code


@pytest.mark.parametrize(("count", "status"), [(0, 200), (100, 200), (101, 431)])
async def test_number_of_header_fields_is_bounded(count: int, status: int) -> None:
    assert (await status_of([(b"a", b"b")] * count))[0] == status


@pytest.mark.parametrize(("size", "status"), [(16 * 1024 - 5, 200), (16 * 1024 - 4, 431)])
async def test_size_of_one_header_field_is_bounded(size: int, status: int) -> None:
    assert (await status_of([(b"a", b"x" * size)]))[0] == status


async def test_size_of_all_header_fields_together_is_bounded() -> None:
    assert await status_of([(b"name", b"x" * 250)] * 80) == (431, "HEADERS_TOO_LARGE")


@pytest.mark.parametrize(
    ("token", "others", "outcome"),
    [
        (8192, 1000, (200, "")),
        (8193, 1000, (200, "")),  # identity refuses it, where a token is wanted
        (8193, 8192, (401, "TOKEN_INVALID")),
        (1024 * 1024, 0, (401, "TOKEN_INVALID")),
        (8192, 8192, (431, "HEADERS_TOO_LARGE")),
    ],
)
async def test_header_fields_too_large_by_the_token_alone_are_an_invalid_token(
    token: int, others: int, outcome: tuple[int, str]
) -> None:
    headers = [(b"authorization", b"Bearer " + b"x" * token), (b"x-other", b"x" * others)]
    assert await status_of(headers) == outcome


@pytest.mark.parametrize("coding", [b"gzip", b"identity", b""])
async def test_encoded_body_is_refused(coding: bytes) -> None:
    assert await status_of([(b"content-encoding", coding)]) == (415, "UNSUPPORTED_MEDIA_TYPE")
