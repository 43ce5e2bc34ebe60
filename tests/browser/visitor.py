"""The actions of a user on the pages."""

import asyncio
import uuid
from typing import Any

from tests.browser.page import Page
from tests.browser.sites import World
from tests.running.secrets_seen import SEEN

ORDER = {"currency": "EUR", "lines": [{"sku": "boots-42", "quantity": 1, "unit_price_minor": 12900}]}
_UNAVAILABLE, _MOST_RETRIES = 503, 10
_FETCH = """async (url, method, body, headers) => {
  const response = await fetch(url, {
    method, credentials: "include", headers: {...(body ? {"Content-Type": "application/json"} : {}), ...headers},
    body: body ? JSON.stringify(body) : undefined,
  });
  const text = await response.text();
  return {status: response.status, body: text ? JSON.parse(text) : null, headers: Object.fromEntries(response.headers)};
}"""


async def fetch(page: Page, method: str, url: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
    """Sends a request, and returns what the page's script sees of the response: status, body, headers.

    Raises:
        ScriptError: the script sees nothing.
    """
    return await page.run(_FETCH, url, method, body, headers or {})


async def sign_up(page: Page, here: World) -> dict[str, Any]:
    """Registers on the app's page, and returns the response that its script sees; the browser stores the cookie."""
    await page.open(here.app)
    account = {"email": f"{uuid.uuid4().hex}@example.com", "name": "Ada", "password": f"horse {uuid.uuid4().hex}"}
    SEEN.note("password", account["password"])
    seen: dict[str, Any] = await fetch(page, "POST", f"{here.api}/api/users/reg", account)
    for _ in range(_MOST_RETRIES):
        if seen["status"] != _UNAVAILABLE:
            break
        # While a browser starts, Redis may be slow on a small machine: retry after Retry-After.
        await asyncio.sleep(int(seen["headers"]["retry-after"]))
        seen = await fetch(page, "POST", f"{here.api}/api/users/reg", account)
    assert seen["status"] == 201, seen
    SEEN.note("access token", seen["body"]["access_token"])
    SEEN.note("session key", (await session_cookie(page, here))["value"])
    return {**seen, **account}


async def session_cookie(page: Page, here: World) -> dict[str, Any]:
    (cookie,) = [cookie for cookie in await page.cookies() if cookie["name"] == here.cookie_name]
    return cookie


async def orders(page: Page, here: World) -> list[Any]:
    """Returns the user's orders, as the app's page reads them with the cookie alone."""
    await page.open(here.app)
    seen = await fetch(page, "GET", f"{here.api}/api/orders")
    assert seen["status"] == 200, seen
    found: list[Any] = seen["body"]["orders"]
    return found
