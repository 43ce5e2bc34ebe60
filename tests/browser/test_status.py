"""The status page in a browser."""

import re
from typing import Any

import httpx2
import pytest

from tests.browser.page import Page
from tests.conftest import StartStack
from tests.running.polling import in_time
from tests.running.stacks import Stack

#: The first number of a card, by its title, and whether its line has points.
_CARD = """title => {
  const card = [...document.querySelectorAll("figure")].find(each => each.querySelector("h2").textContent === title);
  return {now: card.querySelector("dd span").textContent, line: card.querySelector(".stroke").getAttribute("d") ?? ""};
}"""
_ROUTES = "() => document.getElementById('routes').innerText"
_STATE = "() => document.getElementById('state').textContent"
_HEARD = "() => document.getElementById('heard').textContent"
_OVERHANG = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
#: Cumulative layout shift so far (https://wicg.github.io/layout-instability/). A shift of 1 moves the whole screen.
_SHIFTS = """() => new Promise(done => {
  let sum = 0;
  const observer = new PerformanceObserver(list => list.getEntries().forEach(each => sum += each.value));
  observer.observe({type: "layout-shift", buffered: true});
  requestAnimationFrame(() => requestAnimationFrame(() => done(sum)));
})"""
#: The least contrast (WCAG 2.2, 1.4.3) of any text against the nearest background that is painted.
_CONTRAST = """() => {
  const rgb = colour => colour.match(/[\\d.]+/g).map(Number);
  const linear = c => c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4;
  const light = colour => colour.slice(0, 3).map(c => linear(c / 255))
    .reduce((sum, c, i) => sum + c * [.2126, .7152, .0722][i], 0);
  const behind = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor);
    if (c.length < 4 || c[3] === 1) return c; } return [255, 255, 255]; };
  return Math.min(...[...document.querySelectorAll("body *")]
    .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) && e.checkVisibility())
    .filter(e => !["SCRIPT", "STYLE", "NOSCRIPT"].includes(e.tagName)).map(e => {
      const [a, b] = [light(rgb(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
      return (a + .05) / (b + .05);
    }));
}"""


#: Hides the page; resolves once the page has noticed.
_HIDE = """() => new Promise(noticed => Object.defineProperty(document, "hidden", {
  configurable: true, get: () => { noticed(); return true; },
}))"""
_SHOW = """() => { delete document.hidden; document.dispatchEvent(new Event("visibilitychange")); }"""
#: The rendering of a text that would be an element if it were interpreted as markup.
_HOSTILE = """text => {
  showNotices([{failing: true, text}], "bad");
  const checks = [{name: text, ok: false, required: true, reason: text}];
  TABLES[0]({checks, revocations: {}, rate_limit: {}, key_set: {}});
  const shown = document.getElementById("dependencies").textContent;
  return [document.querySelectorAll("main img").length, shown.includes(text)];
}"""


@pytest.fixture(scope="module")
def stack(start_stack: StartStack) -> Stack:
    return start_stack({})


@pytest.fixture
async def status(page: Page, stack: Stack) -> Page:
    """Returns the page once it shows the first response of the gateway."""
    await page.open(f"{stack.admin_url('gateway')}/status")
    await shows(page, _STATE, "Ready")
    return page


async def shows(page: Page, script: str, text: str) -> str:
    """Returns the result of the script, once it contains the text."""

    async def attempt() -> str | None:
        found = str(await page.run(script))
        return found if text in found else None

    return await in_time(attempt, within_s=20, every_s=0.1)


async def test_status_page_updates_and_asks_no_other_host(status: Page, stack: Stack) -> None:
    async with httpx2.AsyncClient(timeout=10) as client:

        async def moved() -> Any:
            await client.get(f"{stack.url}/api/orders/info")
            card = await status.run(_CARD, "Requests")
            return card if card["now"] not in {"–", "0"} and "L" in card["line"] else None

        await in_time(moved, within_s=30)
    assert "GET /api/orders/info" in await status.run(_ROUTES)
    assert {exchange.url for exchange in status.exchanges()} == {
        f"{stack.admin_url('gateway')}/status",
        f"{stack.admin_url('gateway')}/status.json",
    }
    assert status.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 390, 1440])
async def test_status_page_fits_the_window_and_is_readable(status: Page, width: int, scheme: str) -> None:
    await status.emulate(
        "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 500
    )
    await status.emulate("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    assert await status.run(_OVERHANG) <= 0
    assert await status.run(_CONTRAST) >= 4.5


async def test_status_page_layout_is_stable_while_numbers_change(status: Page) -> None:
    assert await status.run(_SHIFTS) < 0.01


async def test_status_page_reports_a_lost_gateway_until_it_is_reachable(status: Page) -> None:
    online = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    await status.emulate("Network.emulateNetworkConditions", offline=True, **online)
    await shows(status, _STATE, "No answer")
    assert re.search(r"last answer \d\d:\d\d:\d\d, \d+ s ago", await shows(status, _HEARD, "last answer"))
    await status.emulate("Network.emulateNetworkConditions", offline=False, **online)
    await shows(status, _STATE, "Ready")
    assert "as of" in await status.run(_HEARD)


async def test_status_page_asks_nothing_while_it_is_hidden(status: Page) -> None:
    await status.run(_HIDE)
    asked = len(status.exchanges())
    await status.run(_SHOW)
    await status.until(lambda: True if len(status.exchanges()) > asked else None)


async def test_status_page_never_renders_text_as_markup(status: Page) -> None:
    assert await status.run(_HOSTILE, "<img src=x onerror=alert(1)>") == [0, True]
