"""One tab, with cookies of its own."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tests.browser.devtools import DevTools

T = TypeVar("T")

_HAPPENS_WITHIN_S = 15
#: Frames of other sites, and sandboxed ones, are targets of their own; each waits until we listen to it.
_ATTACH = {"autoAttach": True, "waitForDebuggerOnStart": True, "flatten": True}


class ScriptError(Exception):
    """What a script threw."""


@dataclass
class Exchange:
    """A request as it went out (headers in lower case, a Cookie among them), and how it was answered."""

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
        """What stood in the console as a warning or an error, and what was thrown."""
        devtools.listen(self._take)

    async def attach(self, target: str) -> None:
        """Begin to listen."""
        answer = await self._devtools.call("Target.attachToTarget", targetId=target, flatten=True)
        self._main = answer["sessionId"]
        await self._listen_to(self._main)

    async def open(self, url: str) -> None:
        """Go to an address, and wait until all of it is loaded."""
        before = self._loads
        answer = await self._devtools.call("Page.navigate", self._main, url=url)
        assert "errorText" not in answer, f"{url}: {answer['errorText']}"
        await self.until(lambda: self._loads > before or None)

    async def run(self, script: str, *arguments: Any) -> Any:
        """What the (async) JavaScript function gives for the arguments. ScriptError: it throws."""
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
        """Have the tab be on another device, or on another network: a command of the protocol's domain for that."""
        await self._devtools.call(what, self._main, **settings)

    async def cookies(self) -> list[dict[str, Any]]:
        """All cookies of the tab, as the developer tools list them."""
        answer = await self._devtools.call("Storage.getCookies", browserContextId=self._context)
        found: list[dict[str, Any]] = answer["cookies"]
        return found

    async def answered(self, method: str, url: str) -> Exchange:
        """The last request of that method to that address that was answered, once there is one."""
        return await self.until(lambda: next((e for e in reversed(self.exchanges(url)) if e.method == method), None))

    def exchanges(self, url: str = "") -> list[Exchange]:
        """The answered requests to addresses that begin with `url`, preflights included, in order."""
        return [each for each in self._exchanges.values() if each.status is not None and each.url.startswith(url)]

    async def attached(self) -> None:
        """Wait until frames that are there already are listened to."""
        await asyncio.gather(*self._attaching)

    def forget(self) -> None:
        """Begin anew with `exchanges`."""
        self._exchanges.clear()

    async def until(self, condition: Callable[[], T | None]) -> T:
        """The first answer that is not None, asked after every event."""
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
