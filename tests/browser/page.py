"""A tab with its own cookies."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tests.browser.devtools import DevTools

T = TypeVar("T")

_HAPPENS_WITHIN_S = 15
#: Frames of other sites and sandboxed frames are separate targets; each waits until the test attaches to it.
_ATTACH = {"autoAttach": True, "waitForDebuggerOnStart": True, "flatten": True}


class ScriptError(Exception):
    """An error that a script threw."""


@dataclass
class Exchange:
    """A request as sent (headers in lower case, Cookie included), and its response."""

    method: str = ""
    url: str = ""
    sent: dict[str, str] = field(default_factory=dict)
    status: int | None = None


class Page:
    """A tab; use `open_page`."""

    def __init__(self, devtools: DevTools, context: str) -> None:
        self._devtools, self._context = devtools, context
        self._sessions: set[str] = set()
        self._main = ""
        self._exchanges: dict[tuple[str, str], Exchange] = {}
        self._happened = asyncio.Event()
        self._loads = 0
        self._attaching: set[asyncio.Task[None]] = set()
        self.complaints: list[str] = []
        """Warnings and errors in the console, and uncaught exceptions."""
        devtools.listen(self._take)

    async def attach(self, target: str) -> None:
        """Attaches to the tab."""
        answer = await self._devtools.call("Target.attachToTarget", targetId=target, flatten=True)
        self._main = answer["sessionId"]
        await self._listen_to(self._main)

    async def open(self, url: str) -> None:
        """Opens a URL, and waits until it is loaded."""
        before = self._loads
        answer = await self._devtools.call("Page.navigate", self._main, url=url)
        assert "errorText" not in answer, f"{url}: {answer['errorText']}"
        await self.until(lambda: self._loads > before or None)

    async def run(self, script: str, *arguments: Any) -> Any:
        """Runs an (async) JavaScript function with the arguments, and returns its result.

        Raises:
            ScriptError: it threw.
        """
        window = await self._devtools.call("Runtime.evaluate", self._main, expression="window")
        answer = await self._devtools.call(
            "Runtime.callFunctionOn",
            self._main,
            functionDeclaration=script,
            objectId=window["result"]["objectId"],
            arguments=[{"value": argument} for argument in arguments],
            awaitPromise=True,
            returnByValue=True,
        )
        if "exceptionDetails" in answer:
            raise ScriptError(answer["exceptionDetails"]["exception"]["description"])
        return answer["result"].get("value")

    async def emulate(self, what: str, **settings: Any) -> None:
        """Emulates another device or network, with a command of the protocol."""
        await self._devtools.call(what, self._main, **settings)

    async def cookies(self) -> list[dict[str, Any]]:
        """Returns all cookies of the tab, as the developer tools list them."""
        answer = await self._devtools.call("Storage.getCookies", browserContextId=self._context)
        found: list[dict[str, Any]] = answer["cookies"]
        return found

    async def answered(self, method: str, url: str) -> Exchange:
        """Waits for an answered request with this method and URL, and returns the last one."""
        return await self.until(lambda: next((e for e in reversed(self.exchanges(url)) if e.method == method), None))

    def exchanges(self, url: str = "") -> list[Exchange]:
        """Returns the answered requests to URLs that begin with `url`, preflights included, in order."""
        return [each for each in self._exchanges.values() if each.status is not None and each.url.startswith(url)]

    async def attached(self) -> None:
        """Waits until the tab is attached to all existing frames."""
        await asyncio.gather(*self._attaching)

    def forget(self) -> None:
        """Clears `exchanges`."""
        self._exchanges.clear()

    async def until(self, condition: Callable[[], T | None]) -> T:
        """Calls `attempt` after every event until it returns something other than None."""
        async with asyncio.timeout(_HAPPENS_WITHIN_S):
            while (answer := condition()) is None:
                self._happened.clear()
                await self._happened.wait()
        return answer

    async def _listen_to(self, session: str) -> None:
        self._sessions.add(session)
        for domain in ("Page", "Network", "Runtime", "Log"):
            await self._devtools.call(f"{domain}.enable", session)
        await self._devtools.call("Target.setAutoAttach", session, **_ATTACH)
        await self._devtools.call("Runtime.runIfWaitingForDebugger", session)

    def _take(self, session: str, event: str, told: dict[str, Any]) -> None:
        if session not in self._sessions:
            return
        match event:
            case "Target.attachedToTarget":
                task = asyncio.create_task(self._listen_to(told["sessionId"]))
                self._attaching.add(task)
                task.add_done_callback(self._attaching.discard)
            case "Page.loadEventFired" if session == self._main:
                self._loads += 1
            case "Network.requestWillBeSent":
                exchange = self._exchange(session, told)
                exchange.method, exchange.url = told["request"]["method"], told["request"]["url"]
            case "Network.requestWillBeSentExtraInfo":
                sent = {name.lower(): value for name, value in told["headers"].items()}
                self._exchange(session, told).sent = sent
            case "Network.responseReceivedExtraInfo":
                self._exchange(session, told).status = told["statusCode"]
            case "Runtime.exceptionThrown":
                self.complaints.append(str(told["exceptionDetails"]))
            case "Log.entryAdded" if told["entry"]["level"] in {"warning", "error"}:
                self.complaints.append(str(told["entry"]))
            case "Runtime.consoleAPICalled" if told["type"] in {"warning", "error", "assert"}:
                self.complaints.append(str(told["args"]))
        self._happened.set()

    def _exchange(self, session: str, told: dict[str, Any]) -> Exchange:
        return self._exchanges.setdefault((session, told["requestId"]), Exchange())


@asynccontextmanager
async def open_page(devtools: DevTools) -> AsyncIterator[Page]:
    """Returns a tab of an unused browser profile."""
    context = (await devtools.call("Target.createBrowserContext"))["browserContextId"]
    target = await devtools.call("Target.createTarget", url="about:blank", browserContextId=context)
    page = Page(devtools, context)
    await page.attach(target["targetId"])
    yield page
    await devtools.call("Target.disposeBrowserContext", browserContextId=context)
