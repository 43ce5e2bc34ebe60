"""The interactive documentation."""

import json

from tests.browser.page import Page
from tests.browser.sites import World

_SHOWN = """async () => {
  while (!document.querySelector(".opblock")) await new Promise(requestAnimationFrame);
  return document.querySelectorAll(".opblock").length;
}"""


async def test_docs_page_loads_nothing_from_other_hosts(page: Page, here: World) -> None:
    await page.open(f"{here.api}/docs")
    assert await page.run(_SHOWN) > 20
    assert page.complaints == []
    hosts = {exchange.url.split("/docs")[0] for exchange in page.exchanges() if not exchange.url.startswith("data:")}
    assert hosts == {here.api, f"{here.api}/openapi.json"}


_OPENED = """async (path) => {
  const shown = () => document.querySelector(".opblock.is-open .responses-inner");
  while (!document.querySelector(".opblock")) await new Promise(requestAnimationFrame);
  const summary = [...document.querySelectorAll(".opblock-summary")].find((s) => s.innerText.includes(path));
  summary.querySelector("button").click();
  while (!shown()) await new Promise(requestAnimationFrame);
  return document.querySelector(".opblock.is-open").getBoundingClientRect().height;
}"""
_EXAMPLE = """async () => {
  const shown = () => document.querySelector(".opblock.is-open .opblock-section-request-body .highlight-code code");
  while (!shown()) await new Promise(requestAnimationFrame);
  return shown().innerText;
}"""
_BRIGHTNESS = """async () => {
  while (!document.querySelector(".opblock")) await new Promise(requestAnimationFrame);
  const shade = getComputedStyle(document.documentElement).backgroundColor.match(/[0-9]+/g).map(Number);
  return [Math.max(...shade.slice(0, 3)), getComputedStyle(document.querySelector("#api")).filter];
}"""
_AUTHORIZE = """async (token) => {
  const find = (query) => document.querySelector(query);
  const there = async (query) => { while (!find(query)) await new Promise(requestAnimationFrame); return find(query); };
  (await there(".btn.authorize")).click();
  const input = await there(".auth-container input[type=text]");
  Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(input, token);
  input.dispatchEvent(new Event("input", { bubbles: true }));
  (await there(".auth-btn-wrapper .authorize")).click();
  await there(".auth-container .auth-btn-wrapper button:not(.authorize)");
}"""
_AUTHORIZED = """async () => {
  while (!document.querySelector(".btn.authorize")) await new Promise(requestAnimationFrame);
  return document.querySelector(".btn.authorize").classList.contains("locked");
}"""


async def test_register_shows_an_example_that_is_accepted_on_a_page_of_moderate_height(page: Page, here: World) -> None:
    await page.open(f"{here.api}/docs")
    assert await page.run(_OPENED, "/api/users/reg") < 2500  # px; 8 500 with every error example
    shown = json.loads(await page.run(_EXAMPLE))
    assert shown == {"email": "ada@example.com", "name": "Ada Lovelace", "password": "velvet orbit harvest 41"}


async def test_docs_page_follows_the_dark_colour_scheme(page: Page, here: World) -> None:
    await page.emulate("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    await page.open(f"{here.api}/docs")
    brightness, turned = await page.run(_BRIGHTNESS)
    assert brightness < 60
    assert "invert" in turned


async def test_docs_page_keeps_the_authorization_over_a_reload(page: Page, here: World) -> None:
    await page.open(f"{here.api}/docs")
    await page.run(_AUTHORIZE, "not-a-token")
    await page.open(f"{here.api}/docs")
    assert await page.run(_AUTHORIZED)
