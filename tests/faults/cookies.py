"""Sessions of browsers: a cookie that is renewed into access tokens."""

from collections.abc import Sequence

from tests.faults.http_client import Answer, HttpConnection
from tests.faults.load import Ask, Record, see
from tests.faults.people import Person


async def session_cookie(url: str, person: Person) -> str:
    """Returns the cookie, NAME=VALUE, of a new session of this user."""
    connection = HttpConnection(url)
    answer = await person.log_in()(connection)
    connection.close()
    return answer.headers["set-cookie"].partition(";")[0]


async def renew(url: str, cookies: Sequence[str]) -> Record:
    """Sends a request with each of the cookies, without an access token."""
    record, connection = Record(), HttpConnection(url)
    for cookie in cookies:
        await see(record, "renewal", connection, _with_cookie(cookie))
    connection.close()
    return record


def renewed(record: Record) -> int:
    """Returns how many of the responses carry a new access token."""
    return sum(seen.answer is not None and "x-access-token" in seen.answer.headers for seen in record.seen)


def _with_cookie(cookie: str) -> Ask:
    async def ask(connection: HttpConnection) -> Answer:
        return await connection.request("GET", "/api/v1/users/me", headers={"Cookie": cookie})

    return ask
