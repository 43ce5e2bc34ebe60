"""Pages that never change: compressed once, with an entity tag for each representation."""

import gzip

import pytest
from gateway.openapi.constant import Constant
from gateway.problems import Problem
from starlette.types import ASGIApp

from tests.unit.gateway.asgi import Headers, Response, call, http_scope

BODY = b"headrace " * 1000
PAGE = Constant(BODY, "text/plain", "no-cache", ((b"x-mine", b"1"),))
NOISE = Constant(bytes(range(256)), "image/png", "no-cache")
GZIP = (b"accept-encoding", b"gzip, br")


async def ask(*headers: tuple[bytes, bytes], page: ASGIApp = PAGE) -> Response:
    return await call(page, http_scope(headers=headers))


async def test_each_representation_has_its_own_tag_and_both_say_that_they_vary() -> None:
    plain, packed = await ask(), await ask(GZIP)
    assert (plain.body, gzip.decompress(packed.body)) == (BODY, BODY)
    assert (plain.header(b"content-encoding"), packed.header(b"content-encoding")) == (None, b"gzip")
    assert plain.header(b"etag") != packed.header(b"etag")
    for response in (plain, packed):
        assert response.header(b"vary") == b"Accept-Encoding"
        assert response.header(b"content-length") == b"%d" % len(response.body)
        assert response.header(b"x-mine") == b"1"


@pytest.mark.parametrize("accept", [(), (GZIP,)])
@pytest.mark.parametrize("form", [b"%b", b"W/%b", b'"x", %b', b'"x",W/%b , "y"', b"*"])
async def test_a_client_that_has_it_hears_no_more_than_that(accept: Headers, form: bytes) -> None:
    tag = (await ask(*accept)).header(b"etag")
    assert tag is not None
    known = form.replace(b"%b", tag)
    response = await ask(*accept, (b"if-none-match", known))
    assert (response.status, response.body) == (304, b"")
    assert response.header(b"etag") == tag
    assert response.header(b"cache-control") == b"no-cache"
    assert response.header(b"vary") == b"Accept-Encoding"
    assert response.header(b"content-length") is None


async def test_another_representation_or_version_is_sent() -> None:
    tag = (await ask()).header(b"etag")
    assert tag is not None
    for known in (tag, b'"x"', b"x", b"", tag + b"x" * 2000):
        assert (await ask(GZIP, (b"if-none-match", known))).status == 200


async def test_a_precondition_that_does_not_hold_is_not_ignored() -> None:
    tag = (await ask()).header(b"etag")
    assert tag is not None
    for good in (tag, b"*", b'"x", ' + tag):
        assert (await ask((b"if-match", good))).status == 200
    for bad in (b'"x"', b"W/" + tag):
        with pytest.raises(Problem) as refused:
            await ask((b"if-match", bad))
        assert refused.value.status == 412


async def test_what_does_not_shrink_is_sent_as_it_is() -> None:
    response = await ask(GZIP, page=NOISE)
    assert response.header(b"content-encoding") is None
    assert response.header(b"vary") is None


async def test_the_same_page_may_be_kept_for_longer() -> None:
    assert (await ask(page=PAGE.kept("max-age=1"))).header(b"cache-control") == b"max-age=1"
    assert (await ask()).header(b"cache-control") == b"no-cache"
