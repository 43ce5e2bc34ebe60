"""Somebody wants to know what an access token stands for (in the spirit of RFC 7662)."""

from dataclasses import dataclass

from user_svc.domain.actor import Actor
from user_svc.domain.ports import Sessions, TokenReader
from user_svc.domain.token import TokenContents


@dataclass(frozen=True, slots=True)
class ExtractToken:
    """Looks into a token."""

    reader: TokenReader
    sessions: Sessions

    async def __call__(self, actor: Actor, token: str) -> TokenContents | None:
        """What the token says; None: it is not valid now, or is somebody else's and the actor no administrator."""
        contents = await self.reader.read(token)
        if contents is None:
            return None
        if contents.user_id != actor.user_id and not actor.is_admin:
            return None
        if not await self.sessions.lives(contents.session_id, contents.user_id):
            return None
        return contents
