import pytest
from gateway.admission.cross_site import CrossSiteGuard
from gateway.exchange import Exchange
from gateway.problems import Problem

from tests.unit.gateway.asgi import exchange_in, http_scope

APP, OWN, EVIL = b"https://app.example.com", b"https://api.example.com", b"https://evil.example"
GUARD = CrossSiteGuard([APP.decode()])


def request(site: bytes | None, origin: bytes | None, method: str = "POST") -> Exchange:
    fields = [(b"host", b"api.example.com"), (b"sec-fetch-site", site), (b"origin", origin)]
    return exchange_in(http_scope(method, headers=[(name, value) for name, value in fields if value is not None]))


@pytest.mark.parametrize(
    ("site", "origin"),
    [
        (b"same-origin", None),
        (b"none", None),
        (b"same-origin", OWN),
        (b"same-site", APP),
        (b"cross-site", APP),
        (None, APP),
        (None, OWN),
        (None, b"http://api.example.com"),
    ],
)
def test_pages_of_the_own_and_the_allowed_origins_may_send(site: bytes | None, origin: bytes | None) -> None:
    GUARD.check(request(site, origin))


@pytest.mark.parametrize(
    ("site", "origin"),
    [
        (None, None),
        (b"cross-site", None),
        (b"same-site", None),
        (b"cross-site", EVIL),
        (b"cross-site", OWN),
        (b"cross-site", b"null"),
        (None, EVIL),
        (None, b"null"),
        (None, b""),
        (None, b"https://api.example.com.evil.example"),
        (None, b"https://api.example.com:444"),
        (b"nonsense", None),
        (b"Same-Origin, same-origin", None),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "BREW"])
def test_pages_of_other_origins_may_not_send(site: bytes | None, origin: bytes | None, method: str) -> None:
    with pytest.raises(Problem) as caught:
        GUARD.check(request(site, origin, method))
    assert (caught.value.status, caught.value.code) == (403, "CROSS_SITE_REQUEST")
    assert caught.value.decision is not None
    assert caught.value.decision.policy == "cross_site"


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_safe_methods_are_allowed_from_every_site(method: str) -> None:
    GUARD.check(request(b"cross-site", EVIL, method))


def test_request_without_a_host_has_no_own_origin() -> None:
    with pytest.raises(Problem):
        GUARD.check(exchange_in(http_scope("POST", headers=[(b"origin", b"https://")])))
