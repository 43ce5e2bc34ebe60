"""Verifies access tokens as every service does."""

from datetime import UTC, datetime

from service_kit.tokens.verifier import TokenError, TokenVerifier

from user_svc.domain.token import TokenContents
from user_svc.domain.user import Role


class JwtReader:
    """Reads tokens that somebody asks about."""

    def __init__(self, verifier: TokenVerifier) -> None:
        self._verifier = verifier

    async def read(self, token: str) -> TokenContents | None:
        try:
            principal = await self._verifier.verify(token)
            role = Role(principal.role)
        except (TokenError, ValueError):
            return None
        return TokenContents(
            user_id=principal.user_id,
            role=role,
            session_id=principal.session_id,
            key_counter=principal.key_counter,
            issued_at=datetime.fromtimestamp(principal.issued_at, UTC),
            expires_at=datetime.fromtimestamp(principal.expires_at, UTC),
        )
