"""A browser, a platform for its pages, and pages of other sites."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.browser.devtools import DevTools, running_browser
from tests.browser.found import HOW_TO_GET_ONE, browser_path
from tests.browser.page import Page, open_page
from tests.browser.sites import World, app_origin, page_server, world
from tests.conftest import StartStack


@pytest.fixture(scope="session")
async def browser(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DevTools]:
    path = browser_path()
    if path is None:
        pytest.fail(HOW_TO_GET_ONE, pytrace=False)
    folder: Path = tmp_path_factory.mktemp("browser")
    async with running_browser(path, folder) as devtools:
        yield devtools


@pytest.fixture
async def page(browser: DevTools) -> AsyncIterator[Page]:
    """A tab for this test alone."""
    async with open_page(browser) as page:
        yield page


@pytest.fixture(scope="session")
def site_port() -> Iterator[int]:
    with page_server() as port:
        yield port


@pytest.fixture(scope="session", params=["localhost", "test"])
def here(request: pytest.FixtureRequest, start_stack: StartStack, site_port: int) -> World:
    """Two setups: with Sec-Fetch-Site and a Secure cookie, and without both."""
    top, secure = request.param, request.param == "localhost"
    environ = {"GATEWAY_CORS_ORIGINS": app_origin(top, site_port), "GATEWAY_COOKIE_SECURE": str(secure).lower()}
    return world(top, start_stack(environ).url, site_port, secure=secure)
