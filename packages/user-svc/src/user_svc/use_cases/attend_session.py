"""Every authenticated call: the token is genuine, but does its session still live?"""

from collections.abc import Callable
from dataclasses import dataclass

from user_svc.domain.actor import Actor
from user_svc.domain.errors import SessionInvalidError
from user_svc.domain.ports import Sessions


@dataclass(frozen=True, slots=True)
class AttendSession:
    """Checks a session and notes that it is in use.

    grace_s: for so long after its making, a token proves nothing about who holds it: the gateway renews and then makes
    the call itself with the new token, before the client has the answer (and may yet lose it). Within the grace the
    predecessor of a key is good anyway, so nothing is given up by waiting.
    now: Unix seconds.
    """

    sessions: Sessions
    grace_s: float
    now: Callable[[], float]

    async def __call__(self, actor: Actor, key_counter: int, token_issued_at: float) -> None:
        """Notes the use. key_counter: of the session key that came with the token; token_issued_at: in Unix seconds.

        SessionInvalidError: the session has ended, however long the token would still be valid.
        """
        held = self.now() - token_issued_at > self.grace_s
        if not await self.sessions.touch(actor.session_id, actor.user_id, key_counter if held else None):
            raise SessionInvalidError
