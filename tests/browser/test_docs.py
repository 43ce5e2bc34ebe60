"""The interactive documentation."""

from tests.browser.page import Page
from tests.browser.sites import World

_SHOWN = """async () => {
  while (!document.querySelector(".opblock")) await new Promise(requestAnimationFrame);
  return document.querySelectorAll(".opblock").length;
}"""


async def test_it_is_shown_without_anybody_elses_help(page: Page, here: World) -> None:
    await page.open(f"{here.api}/docs")
    assert await page.run(_SHOWN) > 20
    assert page.complaints == []
    hosts = {exchange.url.split("/docs")[0] for exchange in page.exchanges() if not exchange.url.startswith("data:")}
    assert hosts == {here.api, f"{here.api}/openapi.json"}
