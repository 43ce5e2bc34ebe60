"""Detection of requests from other sites' pages."""

import pytest
from service_kit.http.own_pages import foreign


def headers(**given: str) -> list[tuple[bytes, bytes]]:
    return [(name.replace("_", "-").encode(), value.encode()) for name, value in given.items()]


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:6060",
        "127.0.0.1",
        "[::1]:6060",
        "10.1.2.3",
        "localhost",
        "LOCALHOST:6060",
        "a.localhost",
        "gateway:9464",
    ],
)
def test_unregistrable_host_is_accepted(host: str) -> None:
    assert foreign(headers(host=host)) is None


@pytest.mark.parametrize(
    "host",
    ["", "evil.example", "127.0.0.1.evil.example:6060", "localhost.evil.example", "evil.example.", "[::1", "a..b"],
)
def test_registrable_host_is_refused(host: str) -> None:
    assert foreign(headers(host=host)) is not None


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_same_origin_request_is_accepted(site: str) -> None:
    assert foreign(headers(host="localhost:1", sec_fetch_site=site, origin="http://localhost:1")) is None


@pytest.mark.parametrize("site", ["cross-site", "same-site", "anything"])
def test_cross_site_request_is_refused(site: str) -> None:
    assert foreign(headers(host="localhost:1", sec_fetch_site=site)) is not None


@pytest.mark.parametrize("origin", ["http://localhost:2", "https://evil.example", "null", "http://[::1"])
def test_request_with_another_origin_is_refused(origin: str) -> None:
    assert foreign(headers(host="localhost:1", origin=origin)) is not None
