"""A forged X-Forwarded-For does not change the quota that a client draws on."""

import asyncio
from collections.abc import Mapping

from tests.faults.drill import Drill
from tests.faults.finding import Finding, at_least, at_most, counted
from tests.faults.http_client import Answer, HttpConnection
from tests.faults.load import Ask, Record, see
from tests.faults.people import newcomer
from tests.faults.quotas import QUOTA, four_gateways
from tests.faults.stage import Stage
from tests.running.stacks import Stack

_MORE = 30
#: Tokens added meanwhile, at one every 6 s.
_REFILLED = 5


def run(stage: Stage) -> list[Finding]:
    return asyncio.run(_run(four_gateways(stage)))


async def _run(stack: Stack) -> list[Finding]:
    record, connection = Record(), HttpConnection(stack.url)
    for number in range(QUOTA + _MORE):
        await see(record, "forged", connection, _anonymous(_forged(number)))
    session = await _session_of_a_liar(stack, connection)
    connection.close()
    outcomes = record.by_outcome()
    admitted = outcomes.get("401 CREDENTIALS_MISSING", 0)
    return [
        at_least("admitted anonymous requests", admitted, QUOTA),
        at_most(f"admitted of {QUOTA + _MORE} with as many addresses", admitted, QUOTA + _REFILLED),
        counted("other requests, refused", outcomes.get("429 RATE_LIMITED", 0), QUOTA + _MORE - admitted),
        Finding("address of a session, with a forged header", "127.0.0.1", session, session == "127.0.0.1"),
    ]


def _forged(number: int) -> Mapping[str, str]:
    address = f"203.0.113.{number}"
    return {"X-Forwarded-For": f"{address}, 198.51.100.{number}", "Forwarded": f"for={address}", "X-Real-IP": address}


def _anonymous(headers: Mapping[str, str]) -> Ask:
    async def ask(connection: HttpConnection) -> Answer:
        return await connection.request("GET", "/api/v1/users/me", headers=headers)

    return ask


async def _session_of_a_liar(stack: Stack, connection: HttpConnection) -> str:
    person = await newcomer(stack.url)
    body = {"email": person.email, "password": person.password}
    answer = await connection.request("POST", "/api/users/log", body=body, headers=_forged(1))
    sessions = await connection.request("GET", "/api/v1/sessions", token=answer.json()["access_token"])
    (current,) = (session for session in sessions.json()["sessions"] if session["current"])
    return str(current["ip"])


DRILL = Drill(21, "forged X-Forwarded-For", "ignored: the same quota", run)
