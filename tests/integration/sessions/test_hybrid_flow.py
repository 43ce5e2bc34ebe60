"""The hybrid flow under events of every kind, in any order: the whole path, compared with its model.

Several clients share sessions: tabs of one browser, and stolen copies. Requests are concurrent, responses get lost,
time passes, sessions are ended from elsewhere. Two gateways serve them.
"""

import asyncio
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from gateway.limits.outcome import Permit
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, initialize, precondition, rule
from loguru import logger
from user_svc.domain.session import SessionPolicy

from tests.integration.sessions import routes
from tests.integration.sessions.clients import Answer, Client, Jar, headers_of
from tests.integration.sessions.flow_machine import FlowMachine
from tests.integration.sessions.long_runs import run_machine
from tests.integration.sessions.model import ABSOLUTE_S, GRACE_S, IDLE_S, STEP_S, TOKEN_TTL_S, Expected, Key, Token
from tests.integration.sessions.platform import LARGEST_BURST, MAX_BODY_BYTES, PLACES, running_platform
from tests.integration.sessions.routes import Route
from tests.running.servers import RunningRedis

#: Within the grace; beyond it; beyond the lifetime of a token; within the idle lifetime; beyond it.
STEPS_S = [STEP_S, 2 * STEP_S, 8 * STEP_S, 30 * STEP_S, 51 * STEP_S]
BAD_TOKENS = ["", "rubbish", "a.b.c", "a.b.c.d"]
_GET_USER = "user.v1.UserService/GetUser"

gateways = st.integers(0, 1)
ways = st.sampled_from(routes.ROUTES)


class HybridFlowMachine(FlowMachine):
    clients = Bundle("clients")

    @initialize(target=clients)
    def first_client(self) -> Client:
        return self.register()

    # -- clients -------------------------------------------------------------------------------------------

    @precondition(lambda self: not self.deleted)
    @rule(target=clients, gateway=gateways)
    def log_in(self, gateway: int) -> Client:
        return self.logged_in(gateway, None)

    @precondition(lambda self: not self.deleted)
    @rule(client=clients, gateway=gateways)
    def log_in_again(self, client: Client, gateway: int) -> None:
        """The presented session is replaced, however old its key is."""
        presented = client.jar.key
        fresh = self.logged_in(gateway, presented)
        if presented is not None:
            self.end(presented.session_id, "replaced")
        client.jar.key, client.token = fresh.jar.key, fresh.token

    def logged_in(self, gateway: int, presented: Key | None) -> Client:
        fields = {"email": self.email, "password": self.password}
        answer = self.call(
            self.gateway(gateway), "POST", "/api/users/log", json=fields, headers=headers_of(None, presented)
        )
        assert answer.status == 200, answer
        return self.admitted(answer)

    @rule(target=clients, client=clients, with_token=st.booleans())
    def open_a_tab(self, client: Client, with_token: bool) -> Client:
        """The tab shares the cookie jar, and gets its own token."""
        token = client.token if with_token else None
        return Client(client.user_id, client.jar, token, honest=client.honest)

    @rule(target=clients, client=clients, token=st.booleans(), key=st.booleans())
    def steal(self, client: Client, token: bool, key: bool) -> Client:
        copy = Client(client.user_id, Jar(client.jar.key), client.token, honest=False)
        copy.sends_token, copy.sends_key = token or not key, key
        return copy

    @rule(client=clients, token=st.booleans())
    def send_otherwise(self, client: Client, token: bool) -> None:
        """The client sends the cookie alone, or both, from now on."""
        client.sends_token, client.sends_key = token, True

    # -- requests -------------------------------------------------------------------------------------------

    @rule(client=clients, gateway=gateways, route=ways, lost=st.booleans())
    def ask(self, client: Client, gateway: int, route: Route, lost: bool) -> None:
        """One request. lost: its response never arrives."""
        self.use_copy(client)
        answer = self.request(self.gateway(gateway), client, route)
        if not lost:
            self.adopt(client, answer)

    @rule(client=clients, mix=st.lists(st.tuples(gateways, ways), min_size=2, max_size=5), count=st.integers(2, 12))
    def ask_at_once(self, client: Client, mix: list[tuple[int, Route]], count: int) -> None:
        self.burst(client, mix, count)

    @rule(client=clients, route=ways)
    def ask_fifty_times_at_once(self, client: Client, route: Route) -> None:
        self.burst(client, [(0, route), (1, route)], LARGEST_BURST)

    def burst(self, client: Client, mix: list[tuple[int, Route]], count: int) -> None:
        self.use_copy(client)
        self.all_at_once(client, mix, count)

    def all_at_once(self, client: Client, mix: list[tuple[int, Route]], count: int) -> list[Answer]:
        """All responses to one key have the same successor; with an old key, one request ends the session."""
        self.settle()
        token, key = client.credentials
        sent = [mix[number % len(mix)] for number in range(count)]
        expected = [self.expected(token, key, gateway, route) for gateway, route in sent]
        answers = self.run(self.at_once(token, key, sent))
        if Expected("SESSION_REUSED") in expected:
            self.check_reused([gateway for gateway, _ in sent], answers)
            expected = [Expected(answer.code) for answer in answers]
        for one, answer, (_, route) in zip(expected, answers, sent, strict=True):
            self.check(client, one, answer, route)
        assert len({answer.key.text for answer in answers if answer.key is not None}) <= 1
        self.adopt(client, answers[-1])
        return answers

    async def at_once(self, token: Token | None, key: Key | None, sent: list[tuple[int, Route]]) -> list[Answer]:
        headers = headers_of(token, key)
        requests = (
            self.send(self.gateway(gateway), route.verb, route.path, json=route.body, headers=headers)
            for gateway, route in sent
        )
        return list(await asyncio.gather(*requests))

    @rule(client=clients, back=st.integers(1, 3), gateway=gateways, count=st.integers(1, 6), route=ways)
    def replay(self, client: Client, back: int, gateway: int, count: int, route: Route) -> None:
        """A client presents an earlier key through both gateways; its session is kept or ended by the key's age."""
        if client.jar.key is None or client.jar.key.counter <= back:
            return
        held = self.handed_out[client.jar.key.session_id, client.jar.key.counter - back]
        replayer = Client(client.user_id, Jar(held), None, honest=False)
        answers = self.all_at_once(replayer, [(gateway, route), (gateway + 1, route)], count)
        if any(answer.code == "SESSION_REUSED" for answer in answers):
            self.excuses[held.session_id].add("an old key was replayed")

    @rule(client=clients, bad=st.sampled_from([*BAD_TOKENS, "signature", "twice", "basic"]), route=ways)
    def present_a_bad_token(self, client: Client, bad: str, route: Route) -> None:
        """An invalid token is refused with any cookie, and rotates no key."""
        good = client.token.text if client.token is not None else "e30.e30.e30"
        values = {"signature": f"Bearer {_spoilt(good)}", "basic": "Basic YTpi"}
        headers: list[tuple[str, str]] = list(headers_of(None, client.jar.key).items())
        headers.append(("Authorization", values.get(bad, f"Bearer {good if bad == 'twice' else bad}")))
        if bad == "twice":
            headers.append(headers[-1])
        answer = self.call(self.gateway(0), route.verb, route.path, json=route.body, headers=headers)
        assert (answer.status, answer.code) == (401, "TOKEN_INVALID"), answer
        self.check_not_renewed(answer)

    # -- responses of every kind ----------------------------------------------------------------------------------

    @rule(client=clients, gateway=gateways)
    def ask_while_the_orders_are_away(self, client: Client, gateway: int) -> None:
        self.use_copy(client)
        self.platform.order_svc.closed = True
        try:
            answer = self.request(self.gateway(gateway), client, routes.UNAVAILABLE)
        finally:
            self.platform.order_svc.closed = False
        self.adopt(client, answer)

    @rule(client=clients, gateway=gateways)
    def ask_over_the_users_quota(self, client: Client, gateway: int) -> None:
        """The caller is known only after the renewal, so the response of an invalid request carries it."""
        self.use_copy(client)
        limiter = self.gateway(gateway).limiter
        limiter.refused = f"rl:default:user:{self.user_id}"
        try:
            answer = self.request(self.gateway(gateway), client, routes.OVER_QUOTA)
        finally:
            limiter.refused = None
        self.adopt(client, answer)

    @rule(client=clients, gateway=gateways)
    def cancel_an_order_twice(self, client: Client, gateway: int) -> None:
        self.use_copy(client)
        created = self.request(self.gateway(gateway), client, routes.CREATED)
        self.adopt(client, created)
        if created.status != 201:
            return
        order_id = created.body["order_id"]
        for status, code in ((200, None), (409, "ORDER_TRANSITION_NOT_ALLOWED")):
            answer = self.request(self.gateway(gateway), client, routes.cancellation(order_id, status, code))
            self.adopt(client, answer)

    @rule(
        client=clients, gateway=gateways, why=st.sampled_from(["address", "throttle", "body", "site", "path", "verb"])
    )
    def be_refused_before_renewal(self, client: Client, gateway: int, why: str) -> None:
        """A request with the cookie alone that admission control refuses rotates no key."""
        entered = self.gateway(gateway)
        request: dict[str, Any] = {"headers": dict(headers_of(None, client.jar.key))}
        verb, path, status, places = "GET", "/api/users/me", 0, 0
        match why:
            case "address":
                entered.limiter.refused, status = "rl:default:addr:", 429
            case "throttle":
                places, status = PLACES, 503
            case "body" if client.jar.key is not None:
                request["headers"]["Sec-Fetch-Site"] = "same-origin"
                request["json"] = {"currency": "x" * MAX_BODY_BYTES}
                verb, path, status = "POST", "/api/orders/add", 413
            case "site" if client.jar.key is not None:
                request["headers"]["Sec-Fetch-Site"] = "cross-site"
                verb, path, status = "POST", "/api/users/logout", 403
            case "path":
                path, status = "/api/nowhere", 404
            case "verb":
                verb, status = "PUT", 405
            case _:
                return
        limiter, taken = entered.throttle.limiter(_GET_USER), []
        try:
            for _ in range(places):
                permit = self.run(limiter.acquire(_GET_USER))
                assert isinstance(permit, Permit)
                taken.append(permit)
            answer = self.call(entered, verb, path, **request)
        finally:
            entered.limiter.refused = None
            for permit in taken:
                limiter.release(permit, answered=False)
        assert answer.status == status, answer
        self.check_not_renewed(answer)

    # -- how sessions end ---------------------------------------------------------------------------------------

    @rule(client=clients, gateway=gateways, lost=st.booleans())
    def log_out(self, client: Client, gateway: int, lost: bool) -> None:
        self.use_copy(client)
        answer = self.request(self.gateway(gateway), client, routes.LOGOUT)
        if answer.status == 204:
            self.end(self.session_of(client), "logout")
        if not lost:
            self.adopt(client, answer)

    @rule(client=clients, gateway=gateways, number=st.integers(0, 10))
    def revoke(self, client: Client, gateway: int, number: int) -> None:
        """Revokes any session of the user, including ended ones and the current one."""
        self.use_copy(client)
        victim = list(self.model.sessions)[number % len(self.model.sessions)]
        route = routes.revocation(victim, found=not self.model.sessions[victim].ended)
        answer = self.request(self.gateway(gateway), client, route)
        if answer.status == 204:
            self.end(victim, "revoked")
        self.adopt(client, answer)

    @rule(client=clients, gateway=gateways)
    def change_the_password(self, client: Client, gateway: int) -> None:
        self.use_copy(client)
        route = routes.password_change(self.password, self.next_password)
        answer = self.request(self.gateway(gateway), client, route)
        if answer.status == 204:
            self.changed_the_password(client, answer)
        else:
            self.adopt(client, answer)

    def changed_the_password(self, client: Client, answer: Answer) -> None:
        """Every session ends, and the client gets a new one."""
        self.passwords += 1
        self.end_all("the password was changed")
        fresh = self.admitted(answer)
        client.jar.key, client.token = fresh.jar.key, fresh.token

    @rule(client=clients, gateway=gateways, really=st.sampled_from([False, False, True]))
    def delete_the_user(self, client: Client, gateway: int, really: bool) -> None:
        if not really:
            return
        self.use_copy(client)
        answer = self.request(self.gateway(gateway), client, routes.DELETE_USER)
        if answer.status == 204:
            self.deleted = True
            self.end_all("deleted")
        self.adopt(client, answer)

    def session_of(self, client: Client) -> str:
        """Returns the session on whose behalf a request of the client was served."""
        token, key = client.credentials
        if token is not None and self.model.admits(token):
            return token.session_id
        assert key is not None
        return key.session_id

    # -- concurrent actions --------------------------------------------------------------------------

    @precondition(lambda self: not self.deleted)
    @rule(client=clients, route=ways, count=st.integers(1, 8), place=st.integers(0, 8))
    def revoke_while_it_asks(self, client: Client, route: Route, count: int, place: int) -> None:
        """After the response to the revocation, the session has ended, in any order of arrival."""
        token, key = client.credentials
        if key is None or self.model.admits(token) or self.model.sessions[key.session_id].ended:
            return
        killer, victim = self.logged_in(0, None), key.session_id
        assert killer.token is not None
        self.model.present(killer.token, 1)
        alive = [deepcopy(self.model).answer(token, key, 0, attended=True), Expected("SESSION_INVALID")]
        path = routes.revocation(victim, found=True)
        headers = headers_of(killer.token, None)

        async def race() -> list[Answer]:
            sent = [self.send(self.gateway(n), route.verb, route.path, json=route.body, headers=headers_of(token, key))
                    for n in range(count)]  # fmt: skip
            sent.insert(place, self.send(self.gateway(1), path.verb, path.path, headers=headers))
            return list(await asyncio.gather(*sent))

        answers = self.run(race())
        revoked = answers.pop(min(place, count))
        if any(answer.code == "SESSION_REUSED" for answer in answers):
            self.check_reused(range(count), answers)
            assert revoked.status in {204, 404}, revoked
        else:
            assert revoked.status == 204, revoked
        for answer in answers:
            assert answer.code in {route.code, *(one.code for one in alive)}, (alive, answer)
            assert not answer.cleared, answer
        given = {answer.key for answer in answers if answer.key is not None}
        assert {one.counter for one in given} <= {alive[0].renewed}, (alive, given)
        assert len(given) <= 1
        self.end(victim, "revoked")
        self.believe_the_record(victim)

    @precondition(lambda self: not self.deleted)
    @rule(target=clients, route=ways, count=st.integers(1, 8), place=st.integers(0, 8))
    def change_the_password_while_it_asks(self, route: Route, count: int, place: int) -> Client:
        """A concurrent renewal succeeds or finds the session ended; it does not affect the new session."""
        client = self.logged_in(0, None)
        token, key = client.credentials
        assert token is not None
        assert key is not None
        change = routes.password_change(self.password, self.next_password)
        self.model.present(token, 1)
        alive = [deepcopy(self.model).answer(None, key, 0, attended=True), Expected("SESSION_INVALID")]

        async def race() -> list[Answer]:
            sent = [self.send(self.gateway(n), route.verb, route.path, json=route.body, headers=headers_of(None, key))
                    for n in range(count)]  # fmt: skip
            request = {"json": change.body, "headers": headers_of(token, None)}
            sent.insert(place, self.send(self.gateway(1), change.verb, change.path, **request))
            return list(await asyncio.gather(*sent))

        answers = self.run(race())
        changed = answers.pop(min(place, count))
        assert changed.status == 204, changed
        self.check_issued(changed)
        for answer in answers:
            assert answer.code in {route.code, *(one.code for one in alive)}, (alive, answer)
            assert not answer.cleared, answer
        given = {answer.key for answer in answers if answer.key is not None}
        assert {one.counter for one in given} <= {alive[0].renewed}, (alive, given)
        self.changed_the_password(client, changed)
        self.believe_the_record(key.session_id)
        return client

    # -- time ---------------------------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from(STEPS_S))
    def wait(self, seconds: int) -> None:
        self.pass_time(seconds)

    @rule(client=clients)
    def stay_until_the_end(self, client: Client) -> None:
        """A session in constant use still ends at its absolute end, and no token of it outlives it."""
        for _ in range(ABSOLUTE_S // STEPS_S[3] + 1):
            self.use_copy(client)
            self.adopt(client, self.request(self.gateway(0), client, routes.ME))
            self.pass_time(STEPS_S[3])


def _spoilt(token: str) -> str:
    """Returns the token with another signature."""
    head, _, signature = token.rpartition(".")
    return f"{head}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"


@pytest.fixture
def quiet() -> Iterator[None]:
    """Disables the logs of thousands of requests."""
    for package in ("gateway", "service_kit", "user_svc", "order_svc"):
        logger.disable(package)
    yield
    for package in ("gateway", "service_kit", "user_svc", "order_svc"):
        logger.enable(package)


@pytest.mark.usefixtures("quiet")
def test_hybrid_flow_behaves_as_its_model(redis_server: RunningRedis, tmp_path: Path) -> None:
    policy = SessionPolicy(idle_ttl_s=IDLE_S, absolute_ttl_s=ABSOLUTE_S, grace_s=GRACE_S)
    with asyncio.Runner() as loop:
        running = running_platform(redis_server.url, tmp_path, policy, TOKEN_TTL_S)
        there = loop.run(running.__aenter__())

        class HybridFlow(HybridFlowMachine):
            runner, platform = loop, there

        try:
            run_machine(HybridFlow, examples=40, steps=30, share=0.8)
        finally:
            loop.run(running.__aexit__(None, None, None))
