"""A separate gateway, user-svc and order-svc on a platform's stores, behind proxies that can be slow."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.faults.extra_process import ExtraProcess, extra_process
from tests.running.stacks import Stack
from tests.running.tcp_proxy import TcpProxy, tcp_proxy

#: Each service's own role and user, with the same rights as in the platform.
_SECRETS = ("order-svc-database-url", "user-svc-database-url", "gateway-redis-url", "user-svc-redis-url")


@dataclass(frozen=True, slots=True)
class SlowStores:
    """The processes, and the proxies in front of their stores."""

    gateway: ExtraProcess
    users: ExtraProcess
    orders: ExtraProcess
    postgres: TcpProxy
    redis: TcpProxy

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.gateway.port}"


@asynccontextmanager
async def slow_stores(stack: Stack) -> AsyncIterator[SlowStores]:
    """Yields such processes; the proxies add no delay at first."""
    texts = await asyncio.gather(*(asyncio.to_thread((stack.data_dir / "secrets" / n).read_text) for n in _SECRETS))
    order_url, user_url, gateway_redis_url, user_redis_url = (text.strip() for text in texts)
    async with AsyncExitStack() as end:
        postgres = await end.enter_async_context(tcp_proxy(_port(order_url)))
        redis = await end.enter_async_context(tcp_proxy(_port(gateway_redis_url)))
        users, orders = await asyncio.gather(
            end.enter_async_context(
                extra_process(
                    stack,
                    "user-svc",
                    {
                        "USER_SVC_DATABASE_URL": _through(postgres, user_url),
                        "USER_SVC_REDIS_URL": _through(redis, user_redis_url),
                    },
                )
            ),
            end.enter_async_context(
                extra_process(stack, "order-svc", {"ORDER_SVC_DATABASE_URL": _through(postgres, order_url)})
            ),
        )
        settings = {
            "GATEWAY_UPSTREAMS": f"user-svc={users.target},order-svc={orders.target}",
            "GATEWAY_REDIS_URL": _through(redis, gateway_redis_url),
        }
        gateway = await end.enter_async_context(extra_process(stack, "gateway", settings))
        yield SlowStores(gateway, users, orders, postgres, redis)


def _through(proxy: TcpProxy, url: str) -> str:
    return url.replace(f":{_port(url)}/", f":{proxy.port}/")


def _port(url: str) -> int:
    port = urlsplit(url).port
    assert port is not None
    return port
