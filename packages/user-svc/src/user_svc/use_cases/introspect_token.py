"""Introspect an access token, in the manner of RFC 7662."""

from dataclasses import dataclass

from user_svc.domain.actor import Actor
from user_svc.domain.ports import Sessions, TokenReader
from user_svc.domain.token import TokenContents


@dataclass(frozen=True, slots=True)
class IntrospectToken:
    """Use case: verifies a token, and shows its claims to its user and to administrators."""

    tokens: TokenReader
    sessions: Sessions

    async def __call__(self, actor: Actor, token: str) -> TokenContents | None:
        """Returns the token's claims; None if it is not valid now, or if the actor may not know of it."""
        contents = await self.tokens.read(token)
        if contents is None:
            return None
        if contents.user_id != actor.user_id and not actor.is_admin:
            return None
        if not await self.sessions.is_live(contents.session_id, contents.user_id):
            return None
        return contents
