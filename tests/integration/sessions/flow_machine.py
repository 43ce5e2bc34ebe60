"""The part of the machine that sends requests and compares every response with the model."""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from hypothesis.stateful import RuleBasedStateMachine, invariant
from user_svc.adapters.ids import new_id

from tests.integration.sessions.clients import Answer, Client, Jar, answer_of, claims_of, headers_of
from tests.integration.sessions.clock import age, hash_of
from tests.integration.sessions.model import IDLE_S, NO_ROOM, OF_TIME, TOKEN_TTL_S, Expected, HybridFlow, Key, Token
from tests.integration.sessions.platform import Gateway, Platform
from tests.integration.sessions.routes import Route

PASSWORD = "correct horse battery"
#: How far the platform's times may be off the model's: the real duration of an example, in seconds.
SLACK_S = 90
#: Gateways learn of a revocation within a second; the machine that runs the tests may be busy.
REVOKED_WITHIN_S = 5
OF_THE_SESSION = {"SESSION_INVALID", "SESSION_REUSED"}

T = TypeVar("T")


class FlowMachine(RuleBasedStateMachine):
    """One user with changing sessions and clients.

    excuses: by session, what may have logged an honest client out of it. handed_out: every session key that was, by
    session and counter. passwords: how often the password was changed. deleted: whether the user was.
    """

    platform: Platform
    runner: asyncio.Runner

    def register(self) -> Client:
        """Registers the user; returns the client that did."""
        self.model = HybridFlow()
        self.excuses: dict[str, set[str]] = {}
        self.handed_out: dict[tuple[str, int], Key] = {}
        self.passwords = 0
        self.deleted = False
        self.email = f"{new_id()}@example.com"
        self.platform.users.trail.events.clear()
        fields = {"email": self.email, "name": "Ada", "password": self.password}
        answer = self.call(self.gateway(0), "POST", "/api/users/reg", json=fields)
        assert answer.status == 201, answer.body
        self.user_id = answer.body["user"]["user_id"]
        return self.admitted(answer)

    @property
    def password(self) -> str:
        return PASSWORD + str(self.passwords)

    @property
    def next_password(self) -> str:
        return PASSWORD + str(self.passwords + 1)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(coroutine)

    def gateway(self, number: int) -> Gateway:
        return self.platform.gateways[number % len(self.platform.gateways)]

    async def send(self, gateway: Gateway, verb: str, path: str, **request: Any) -> Answer:
        return answer_of(await gateway.client.request(verb, path, **request))

    def call(self, gateway: Gateway, verb: str, path: str, **request: Any) -> Answer:
        return self.run(self.send(gateway, verb, path, **request))

    def admitted(self, answer: Answer) -> Client:
        """Returns the client with the session that a response issues."""
        assert answer.key is not None
        assert answer.key.counter == 1
        assert answer.headers["cache-control"] == "no-store"
        session_id = answer.key.session_id
        assert session_id not in self.model.sessions
        self.model.opened(session_id, self.user_id)
        self.excuses[session_id] = set()
        self.handed_out[session_id, 1] = answer.key
        token = self.token_of(answer.access_token or answer.body["access_token"], answer.key)
        return Client(self.user_id, Jar(answer.key), token)

    def token_of(self, text: str, key: Key) -> Token:
        """Returns the access token issued with a key. It must belong to that key, and not outlive the session."""
        claims, session = claims_of(text), self.model.sessions[key.session_id]
        assert (claims["sid"], claims["skc"], claims["sub"]) == (key.session_id, key.counter, self.user_id)
        life_s = min(TOKEN_TTL_S, session.ends_at - self.model.now)
        assert life_s - SLACK_S <= claims["exp"] - claims["iat"] <= life_s
        return Token(text, key.session_id, key.counter, self.model.now, self.model.now + life_s)

    def settle(self) -> None:
        """Waits until every gateway knows the revoked sessions, and has reported the uses that it saw."""
        revoked = [session_id for session_id, session in self.model.sessions.items() if session.revoked]

        async def known() -> None:
            async with asyncio.timeout(REVOKED_WITHIN_S):
                for gateway in self.platform.gateways:
                    await gateway.uses.settled()
                    while not all(map(gateway.denylist.denies_session, revoked)):  # noqa: ASYNC110
                        await asyncio.sleep(0.001)

        self.run(known())

    def request(self, gateway: Gateway, client: Client, route: Route) -> Answer:
        """Sends one request, and compares its response with the model."""
        self.settle()
        token, key = client.credentials
        expected = self.expected(token, key, self.platform.gateways.index(gateway), route)
        answer = self.call(gateway, route.verb, route.path, json=route.body, headers=headers_of(token, key))
        self.check(client, expected, answer, route)
        return answer

    def expected(self, token: Token | None, key: Key | None, gateway: int, route: Route) -> Expected:
        """Returns what the model expects of a request, and updates the model."""
        if token is not None and self.model.admits(token) and not route.admitted:
            return Expected("SESSION_INVALID" if self.model.sessions[token.session_id].revoked else None)
        return self.model.answer(token, key, gateway % len(self.platform.gateways), attended=route.attended)

    def check(self, client: Client, expected: Expected, answer: Answer, route: Route) -> None:
        if expected.code is None:
            assert (answer.status, answer.code) == (route.status, route.code), (expected, answer)
        elif route.ends_session and expected.code in OF_THE_SESSION:
            assert (answer.status, answer.cleared) == (route.status, True), (expected, answer)
        else:
            assert (answer.status, answer.code) == (401, expected.code), (expected, answer)
        if route.issues_session and answer.status == route.status:
            self.check_issued(answer)
        elif expected.renewed is None:
            self.check_not_renewed(answer, route)
        else:
            self.check_renewed(answer, expected.renewed, route)
        self.check_cause(client, answer)

    def check_not_renewed(self, answer: Answer, route: Route | None = None) -> None:
        """Checks that no credentials were issued, and none taken away."""
        assert answer.key is None, answer
        assert answer.access_token is None, answer
        assert answer.cleared == (route is not None and route.ends_session and answer.status == route.status), answer

    def check_issued(self, answer: Answer) -> None:
        """Checks the credentials of a new session, whether or not the old one was renewed before."""
        assert answer.headers["cache-control"] == "no-store", answer
        assert answer.access_token is not None, answer
        assert answer.key is not None, answer
        assert answer.key.counter == 1, answer
        assert len(answer.headers.get_list("x-access-token")) == 1, answer

    def check_renewed(self, answer: Answer, counter: int, route: Route) -> None:
        """Checks that the renewal is in the response with any status; only a logout overrides the cookie."""
        assert answer.headers["cache-control"] == "no-store", answer
        assert "content-encoding" not in answer.headers, answer
        assert answer.access_token is not None, answer
        if route.ends_session:
            assert answer.cleared, answer
            return
        assert answer.key is not None, answer
        assert answer.key.counter == counter, answer
        session_id = answer.key.session_id
        assert self.handed_out.setdefault((session_id, counter), answer.key) == answer.key
        session = self.model.sessions[session_id]
        left_s = min(IDLE_S, session.ends_at - self.model.now)
        assert left_s - SLACK_S <= answer.max_age_s <= left_s, (answer.max_age_s, left_s)
        token = self.token_of(answer.access_token, answer.key)
        life_s = token.expires_at - token.issued_at
        assert life_s - SLACK_S <= int(answer.headers["x-access-token-expires-in"]) <= life_s, answer.headers

    def check_cause(self, client: Client, answer: Answer) -> None:
        """Checks that an honest client is not logged out without a cause."""
        token, key = client.credentials
        speaks = token if self.model.admits(token) or key is None else key
        session_id = speaks.session_id if speaks is not None else None
        if answer.code in OF_THE_SESSION and client.honest and session_id is not None:
            session = self.model.sessions[session_id]
            of_itself = session.ended in OF_TIME | {NO_ROOM}
            assert self.excuses[session_id] or of_itself, f"logged out without a cause: {answer}"

    def check_reused(self, entered: Sequence[int], answers: Sequence[Answer]) -> None:
        """An old key, presented many times concurrently, ends the session once; the other requests find none.

        The requests of one gateway that share the renewal which ended the session get the same response.
        entered: through which gateway each was sent.
        """
        assert {answer.code for answer in answers} <= OF_THE_SESSION, answers
        through = {
            number % len(self.platform.gateways)
            for number, answer in zip(entered, answers, strict=True)
            if answer.code == "SESSION_REUSED"
        }
        assert len(through) == 1, answers

    def adopt(self, client: Client, answer: Answer) -> None:
        """Stores the credentials of a response as a browser and its page do."""
        if answer.cleared:
            client.jar.key = None
        if answer.key is not None:
            client.jar.key = answer.key
            if answer.access_token is not None:
                client.token = self.token_of(answer.access_token, answer.key)

    def use_copy(self, client: Client) -> None:
        """Records that the session's owner may find its key replaced by another client."""
        token, key = client.credentials
        if not client.honest and key is not None and not self.model.admits(token):
            self.excuses[key.session_id].add("a copy was used")

    def end(self, session_id: str, why: str) -> None:
        self.model.end(session_id, why)
        self.excuses[session_id].add(why)

    def end_all(self, why: str, but: str | None = None) -> None:
        for session_id in self.model.live_of(self.user_id):
            if session_id != but:
                self.end(session_id, why)

    def believe_the_record(self, session_id: str) -> None:
        """Checks that a session that ended in a race was renewed before that at most once."""
        noted = [kind for kind, about in self.noted() if about == session_id]
        assert len(noted) <= [about for _, about in self.model.audited].count(session_id) + 1
        self.model.audited = [entry for entry in self.model.audited if entry[1] != session_id]
        self.model.audited += [(kind, session_id) for kind in noted]

    def noted(self) -> list[tuple[str, str]]:
        """Returns the kind and the session of the audit events of renewals."""
        kinds = ("session_renewed", "session_reused")
        events = self.platform.users.trail.events
        return [(str(event.kind), event.detail["session_id"]) for event in events if event.kind in kinds]

    def pass_time(self, seconds: int) -> None:
        living = self.model.live_of(self.user_id)
        self.model.pass_time(seconds)
        self.platform.clock.offset_s += seconds
        self.run(age(self.platform.redis, living, seconds))

    @invariant()
    def redis_is_as_the_model(self) -> None:
        """Checks that Redis and the model have the same newest key, or neither has the session."""

        async def kept() -> Sequence[Any]:
            for gateway in self.platform.gateways:
                await gateway.uses.settled()
            async with self.platform.redis.pipeline(transaction=False) as pipeline:
                for session_id in self.model.sessions:
                    pipeline.hmget(hash_of(session_id), "counter", "presented")
                found: Sequence[Any] = await pipeline.execute()
                return found

        for (session_id, session), found in zip(self.model.sessions.items(), self.run(kept()), strict=True):
            expected = [None, None] if session.ended else [str(session.counter), str(session.presented)]
            assert found == expected, (session_id, session, found)

    @invariant()
    def everything_is_on_record_once(self) -> None:
        """Checks that each rotation and each reuse has one audit event."""
        assert Counter(self.noted()) == Counter(self.model.audited)
