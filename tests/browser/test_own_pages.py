"""A page of an allowed origin, with only a cookie that its script cannot read."""

import time

from tests.browser.page import Page
from tests.browser.sites import World
from tests.browser.visitor import ORDER, fetch, orders, session_cookie, sign_up

IDLE_LIFE_S = 24 * 3600


async def test_registration_gives_the_script_a_token_and_the_browser_a_cookie(page: Page, here: World) -> None:
    seen = await sign_up(page, here)
    assert seen["body"]["access_token"].count(".") == 2
    assert seen["headers"]["x-request-id"]
    assert "set-cookie" not in seen["headers"]
    assert await page.run("() => document.cookie") == ""


async def test_session_cookie_has_the_required_attributes(page: Page, here: World) -> None:
    await sign_up(page, here)
    (cookie,) = await page.cookies()
    assert cookie["name"] == here.cookie_name
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Lax", "/")
    assert cookie["secure"] == (here.cookie_name.startswith("__Host-"))
    assert cookie["domain"] == here.api.partition("//")[2].partition(":")[0]  # no leading dot: only this host
    assert not cookie["session"]
    assert abs(cookie["expires"] - time.time() - IDLE_LIFE_S) < 60


async def test_login_replaces_the_cookie(page: Page, here: World) -> None:
    account = await sign_up(page, here)
    first = await session_cookie(page, here)
    credentials = {"email": account["email"], "password": account["password"]}
    seen = await fetch(page, "POST", f"{here.api}/api/users/log", credentials)
    assert seen["status"] == 200
    assert seen["body"]["user"]["email"] == account["email"]
    assert (await session_cookie(page, here))["value"] != first["value"]


async def test_cookie_alone_authenticates_after_a_reload(page: Page, here: World) -> None:
    account = await sign_up(page, here)
    await page.open(here.app)
    seen = await fetch(page, "GET", f"{here.api}/api/users/me")
    assert (seen["status"], seen["body"]["email"]) == (200, account["email"])
    assert seen["headers"]["x-access-token"].count(".") == 2
    assert int(seen["headers"]["x-access-token-expires-in"]) > 0
    token = {"Authorization": f"Bearer {seen['headers']['x-access-token']}"}
    again = await fetch(page, "GET", f"{here.api}/api/users/me", headers=token)
    assert again["status"] == 200
    assert "x-access-token" not in again["headers"]


async def test_write_with_the_cookie_alone_is_accepted(page: Page, here: World) -> None:
    await sign_up(page, here)
    seen = await fetch(page, "POST", f"{here.api}/api/orders/add", ORDER, {"Idempotency-Key": "browser-1"})
    assert seen["status"] == 201
    assert seen["headers"]["location"] == f"/api/v1/orders/{seen['body']['order_id']}"
    exchange = await page.answered("POST", f"{here.api}/api/orders/add")
    assert here.cookie_name in exchange.sent["cookie"]
    assert "authorization" not in exchange.sent
    assert exchange.sent["origin"] == here.app
    assert exchange.sent.get("sec-fetch-site") == ("same-site" if here.tells_fetch_site else None)
    assert [order["order_id"] for order in await orders(page, here)] == [seen["body"]["order_id"]]


async def test_logout_deletes_the_cookie(page: Page, here: World) -> None:
    await sign_up(page, here)
    seen = await fetch(page, "POST", f"{here.api}/api/users/logout")
    assert seen["status"] == 204
    assert await page.cookies() == []
    assert (await fetch(page, "GET", f"{here.api}/api/users/me"))["status"] == 401
