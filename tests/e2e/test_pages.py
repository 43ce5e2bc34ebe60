"""The gateway's own pages: compressed at start, revalidated, rate-limited."""

import gzip
import re

import httpx2
import pytest

from tests.e2e.api import Api

PAGES = ["/openapi.json", "/docs", "/docs/", "/docs/start.js", "/docs/swagger-ui-bundle.js", "/docs/swagger-ui.css"]
#: Compression would not make them smaller.
SMALL = ["/docs/start.js"]
CODINGS = ["gzip", "identity"]


def fetch(api: Api, path: str, coding: str, verb: str = "GET", **headers: str) -> httpx2.Response:
    fields = {"Accept-Encoding": coding} | {name.replace("_", "-"): value for name, value in headers.items()}
    return api.send(verb, path, headers=fields)


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("path", PAGES)
def test_cached_page_gets_304_without_a_body(api: Api, path: str, coding: str) -> None:
    page = fetch(api, path, coding)
    assert page.status_code == 200
    assert ("accept-encoding" in page.headers.get("Vary", "").lower()) == (path not in SMALL)
    assert page.headers["RateLimit"]
    known = fetch(api, path, coding, If_None_Match=page.headers["ETag"])
    assert (known.status_code, known.content) == (304, b"")
    assert known.headers["ETag"] == page.headers["ETag"]


@pytest.mark.parametrize("path", [path for path in PAGES if path not in SMALL])
def test_each_representation_of_a_page_has_its_own_etag(api: Api, path: str) -> None:
    packed, plain = (fetch(api, path, coding) for coding in CODINGS)
    assert packed.content == plain.content
    assert (packed.headers.get("Content-Encoding"), plain.headers.get("Content-Encoding")) == ("gzip", None)
    assert packed.headers["ETag"] != plain.headers["ETag"]
    assert fetch(api, path, "gzip", If_None_Match=plain.headers["ETag"]).status_code == 200


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("path", [*PAGES, "/docs/favicon-32x32.png", "/docs/nothing"])
def test_head_gets_the_headers_of_get(api: Api, path: str, coding: str) -> None:
    get, head = (fetch(api, path, coding, verb) for verb in ("GET", "HEAD"))
    assert head.content == b""
    own = {"date", "x-request-id", "ratelimit"}
    assert [pair for pair in head.headers.items() if pair[0] not in own] == [
        pair for pair in get.headers.items() if pair[0] not in own
    ]


def test_versioned_assets_are_cacheable_for_long(api: Api) -> None:
    page = fetch(api, "/docs", "gzip")
    assert page.headers["Cache-Control"] == "no-cache"
    assets = re.findall(r'(?:href|src)="(/docs/[^"]+\?v=[^"]+)"', page.text)
    assert len(assets) == 3
    for asset in assets:
        assert fetch(api, asset, "gzip").headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert "immutable" not in fetch(api, asset.partition("?")[0], "gzip").headers["Cache-Control"]


def test_range_request_gets_the_whole_page(api: Api) -> None:
    assert fetch(api, "/docs/swagger-ui.css", "identity", Range="bytes=0-1").status_code == 200


def test_compressed_document_equals_the_plain_one(api: Api) -> None:
    with (
        httpx2.Client() as client,
        client.stream("GET", f"{api.url}/openapi.json", headers={"Accept-Encoding": "gzip"}) as response,
    ):
        packed = b"".join(response.iter_raw())
    assert gzip.decompress(packed) == fetch(api, "/openapi.json", "identity").content
