"""The key set: usable keys, fetches and their failures."""

import asyncio
from contextvars import copy_context

import pytest
from service_kit.request.context import RequestContext, current_request, enter_request
from service_kit.telemetry.trace_context import TraceContext
from service_kit.tokens.key_set import KeySet

from tests.running.polling import eventually
from tests.unit.service_kit.tokens.issuer import Issuer, Published, private_jwk


async def test_key_set_is_empty_until_the_first_lookup_fetches() -> None:
    published = Published(Issuer().jwk())
    keys = KeySet(published.fetch)
    assert (keys.loaded, keys.jwks(), keys.held("k1")) == (False, [], None)
    assert await keys.key("k1") is not None
    assert keys.loaded
    assert await keys.key("k1") is keys.held("k1")
    assert published.fetches == 1


async def test_unknown_key_id_causes_at_most_one_fetch_per_interval() -> None:
    published = Published(Issuer().jwk())
    keys = KeySet(published.fetch, refresh_at_most_every_s=0.2)
    await keys.refresh()
    assert [await keys.key(kid) for kid in ("x", "y", "z")] == [None, None, None]
    assert published.fetches == 2
    published.jwks.append(Issuer().jwk("x"))
    await asyncio.sleep(0.25)
    assert await keys.key("x") is not None
    assert published.fetches == 3


async def test_regular_fetches_do_not_use_up_the_fetch_for_unknown_key_ids() -> None:
    published = Published(Issuer().jwk())
    keys = KeySet(published.fetch, refresh_every_s=0.01)
    keeping = asyncio.create_task(keys.keep_fresh())
    await asyncio.to_thread(eventually, lambda: published.fetches >= 3 or None, within_s=10)
    keeping.cancel()
    published.jwks.append(Issuer().jwk("brand-new"))
    assert await keys.key("brand-new") is not None


async def test_fetch_that_began_too_early_is_followed_by_another() -> None:
    early, late, fetched = Issuer().jwk("early"), Issuer().jwk("late"), asyncio.Event()
    answers = [[early], [early, late]]

    async def fetch() -> list[dict[str, str]]:
        answer = answers.pop(0)
        await fetched.wait()
        return answer

    keys = KeySet(fetch)
    first = asyncio.create_task(keys.refresh())
    await asyncio.sleep(0)
    asking = asyncio.create_task(keys.key("late"))
    await asyncio.sleep(0)
    fetched.set()
    assert await asking is not None
    await first


async def test_refresh_soon_fetches_after_the_announcement() -> None:
    began: list[int] = []
    go = asyncio.Event()

    async def fetch() -> list[dict[str, str]]:
        began.append(len(began))
        await go.wait()
        return [Issuer().jwk()]

    keys = KeySet(fetch)
    regular = asyncio.create_task(keys.refresh())
    await asyncio.sleep(0)
    anew = asyncio.create_task(keys.refresh_anew())
    await asyncio.sleep(0)
    assert began == [0]
    go.set()
    await asyncio.gather(regular, anew)
    assert began == [0, 1]


async def test_pushed_key_is_found_after_made_up_ids_used_up_the_fetch() -> None:
    published = Published(Issuer().jwk())
    keys = KeySet(published.fetch, await_push_s=10)
    await keys.refresh()
    assert await keys.key("made-up") is None
    published.jwks = [Issuer().jwk("replacement")]
    asking = [asyncio.create_task(keys.key("replacement")) for _ in range(5)]
    await asyncio.sleep(0)
    assert not any(task.done() for task in asking)
    keys.refresh_soon()
    assert None not in await asyncio.gather(*asking)
    assert published.fetches == 3


async def test_the_wait_for_a_push_is_bounded() -> None:
    published = Published(Issuer().jwk())
    keys = KeySet(published.fetch, await_push_s=0.01)
    await keys.refresh()
    assert [await keys.key(kid) for kid in ("x", "y", "z")] == [None, None, None]
    assert published.fetches == 2


async def test_concurrent_lookups_share_one_fetch() -> None:
    issuer, fetches = Issuer(), []

    async def fetch() -> list[dict[str, str]]:
        fetches.append(current_request())
        await asyncio.sleep(0.05)
        return [issuer.jwk()]

    keys = KeySet(fetch)
    asking = [asyncio.create_task(keys.key("k1")) for _ in range(50)]
    await asyncio.sleep(0.01)
    asking[0].cancel()
    found = await asyncio.gather(*asking[1:])
    assert None not in found
    assert len(fetches) == 1


async def test_fetch_runs_outside_of_any_request() -> None:
    seen = []

    async def fetch() -> list[dict[str, str]]:
        seen.append(current_request())
        return [Issuer().jwk()]

    context = copy_context()
    context.run(enter_request, RequestContext(request_id="r", trace=TraceContext("a" * 32, "b" * 16)))
    await asyncio.create_task(KeySet(fetch).key("k1"), context=context)
    assert seen == [None]


@pytest.mark.parametrize("failure", [OSError("refused"), ValueError("no JSON"), TimeoutError()])
async def test_failed_fetch_leaves_the_keys_in_force(failure: Exception) -> None:
    published = Published(Issuer().jwk())
    keys = KeySet(published.fetch)
    await keys.refresh()
    published.failure = failure
    await keys.refresh()
    assert keys.held("k1") is not None


async def test_an_empty_or_unusable_set_leaves_the_keys_in_force() -> None:
    published = Published(Issuer().jwk())
    keys = KeySet(published.fetch)
    await keys.refresh()
    unusable: list[list[dict[str, str]]] = [[], [{"kty": "oct", "k": "AAAA", "kid": "k1"}], [{}]]
    for jwks in unusable:
        published.jwks = jwks
        await keys.refresh()
        assert keys.held("k1") is not None


@pytest.mark.parametrize(
    "change",
    [
        {"kty": "EC"},
        {"crv": "X25519"},
        {"crv": "Ed448"},
        {"x": "AAAA"},
        {"x": "!"},
        {"x": 3},
        {"kid": ""},
        {"kid": 3},
        {"use": "enc"},
        {"alg": "HS256"},
    ],
)
async def test_a_key_of_another_kind_is_left_out(change: dict[str, str]) -> None:
    keys = KeySet(Published(Issuer().jwk("bad") | change, Issuer().jwk("good")).fetch)
    await keys.refresh()
    assert [key["kid"] for key in keys.jwks()] == ["good"]


async def test_jwks_publishes_the_public_half_only() -> None:
    issuer = Issuer()
    keys = KeySet(Published(private_jwk(issuer, "k1")).fetch)
    await keys.refresh()
    assert keys.jwks() == [{**issuer.jwk(), "use": "sig", "alg": "EdDSA"}]
    key = keys.held("k1")
    assert key is not None
    assert not key.is_private


async def test_same_key_keeps_its_identity_across_fetches() -> None:
    issuer = Issuer()
    published = Published(issuer.jwk())
    keys = KeySet(published.fetch)
    await keys.refresh()
    first = keys.held("k1")
    await keys.refresh()
    assert keys.held("k1") is first
    published.jwks = [Issuer().jwk()]
    await keys.refresh()
    assert keys.held("k1") is not first


async def test_keep_fresh_refreshes_for_ever_and_retries_soon_after_a_failure() -> None:
    published = Published(Issuer().jwk())
    published.failure = OSError("not up yet")
    keys = KeySet(published.fetch, refresh_every_s=0.02)
    task = asyncio.create_task(keys.keep_fresh())
    await asyncio.sleep(0.01)
    assert not keys.loaded
    published.failure = None
    await asyncio.to_thread(eventually, lambda: published.fetches >= 4 or None, within_s=10)
    assert keys.loaded
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
