"""Pages of origins that are not allowed, same-site and cross-site, while the browser holds the session cookie."""

import pytest

from tests.browser.page import Exchange, Page, ScriptError
from tests.browser.sites import World
from tests.browser.visitor import ORDER, fetch, orders, sign_up

# What a page may send without a preflight.
_SIMPLE = """async (url, body) => {
  const answer = await fetch(url, {method: "POST", mode: "no-cors", credentials: "include",
                                   ...(body ? {body, headers: {"Content-Type": "text/plain"}} : {})});
  return [answer.type, answer.status, await answer.text()];
}"""
_FORM = """(url, referrerPolicy) => {
  document.head.insertAdjacentHTML("beforeend", `<meta name="referrer" content="${referrerPolicy}">`);
  const form = document.createElement("form");
  form.method = "POST"; form.action = url;
  document.body.append(form);
  form.submit();
}"""
_SANDBOX = """() => new Promise(loaded => {
  const frame = document.createElement("iframe");
  frame.sandbox = "allow-scripts";
  frame.srcdoc = `<script>
    onmessage = ({data}) => fetch(data, {method: "POST", mode: "no-cors", credentials: "include"});
  </script>`;
  frame.onload = () => loaded();
  document.body.append(frame);
})"""
_EMBED = """(tag, url) => { const it = document.createElement(tag); it.src = url; document.body.append(it); }"""

#: For a same-site page the browser sends the cookie, and the gateway refuses; for another site it does not send it.
REFUSALS = {"sibling": 403, "stranger": 401}


@pytest.fixture(params=REFUSALS)
async def elsewhere(request: pytest.FixtureRequest, page: Page, here: World) -> str:
    """A page of another site, in a browser whose user is logged in."""
    name: str = request.param
    await sign_up(page, here)
    await page.open(getattr(here, name))
    page.forget()
    return name


def logout(here: World) -> str:
    """The request has no body, so any page can send it: only its origin tells it apart."""
    return f"{here.api}/api/users/logout"


def assert_refused(exchange: Exchange, here: World, elsewhere: str) -> None:
    assert exchange.status == REFUSALS[elsewhere]
    assert (here.cookie_name in exchange.sent.get("cookie", "")) == (elsewhere == "sibling")
    site = {"sibling": "same-site", "stranger": "cross-site"}[elsewhere]
    assert exchange.sent.get("sec-fetch-site") == (site if here.tells_fetch_site else None)


async def test_simple_request_from_another_site_has_no_effect(page: Page, here: World, elsewhere: str) -> None:
    assert await page.run(_SIMPLE, logout(here), None) == ["opaque", 0, ""]
    exchange = await page.answered("POST", logout(here))
    assert_refused(exchange, here, elsewhere)
    assert exchange.sent["origin"] == getattr(here, elsewhere)
    assert await orders(page, here) == []


async def test_json_with_a_simple_media_type_from_another_site_has_no_effect(
    page: Page, here: World, elsewhere: str
) -> None:
    url = f"{here.api}/api/orders/add"
    assert await page.run(_SIMPLE, url, '{"currency":"EUR","lines":[{"sku":"a","quantity":1,"unit_price_minor":1}]}')
    assert (await page.answered("POST", url)).status in {401, 403, 415}
    assert await orders(page, here) == []


@pytest.mark.parametrize("referrer_policy", ["unsafe-url", "no-referrer"])
async def test_form_from_another_site_has_no_effect(
    page: Page, here: World, elsewhere: str, referrer_policy: str
) -> None:
    await page.run(_FORM, logout(here), referrer_policy)
    exchange = await page.answered("POST", logout(here))
    assert_refused(exchange, here, elsewhere)
    assert exchange.sent["origin"] == ("null" if referrer_policy == "no-referrer" else getattr(here, elsewhere))
    assert await orders(page, here) == []


async def test_form_in_a_sandboxed_frame_has_no_effect(page: Page, here: World, elsewhere: str) -> None:
    await page.run(_SANDBOX)
    await page.attached()
    await page.run("url => frames[0].postMessage(url, '*')", logout(here))
    exchange = await page.answered("POST", logout(here))
    assert exchange.sent["origin"] == "null"
    assert exchange.status in {401, 403}
    assert await orders(page, here) == []


async def test_request_that_needs_a_preflight_is_never_sent_by_another_site(
    page: Page, here: World, elsewhere: str
) -> None:
    url = f"{here.api}/api/orders/add"
    with pytest.raises(ScriptError, match="Failed to fetch"):
        await fetch(page, "POST", url, ORDER)
    assert {exchange.method for exchange in page.exchanges(url)} == {"OPTIONS"}
    assert await orders(page, here) == []


async def test_response_cannot_be_read_by_another_site(page: Page, here: World, elsewhere: str) -> None:
    for path in ("/api/users/me", "/openapi.json"):
        with pytest.raises(ScriptError, match="Failed to fetch"):
            await fetch(page, "GET", here.api + path)
    assert (await page.answered("GET", f"{here.api}/api/users/me")).status == (200 if elsewhere == "sibling" else 401)
    assert await page.run("() => document.cookie") == ""


@pytest.mark.parametrize("tag", ["img", "iframe"])
async def test_embedded_page_has_no_session(page: Page, here: World, tag: str) -> None:
    await sign_up(page, here)
    url = f"{here.api}/api/users/me"
    await page.open(here.stranger)
    page.forget()
    await page.run(_EMBED, tag, url)
    exchange = await page.answered("GET", url)
    assert "cookie" not in exchange.sent
    assert exchange.status == 401
    assert await orders(page, here) == []
