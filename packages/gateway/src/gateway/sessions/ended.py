"""The error for an access token that has not expired, and whose session has ended."""

from gateway.problems import Decision, Problem


def session_ended() -> Problem:
    """A 401 with the reason that the session's own service would give."""
    return Problem(401, "SESSION_INVALID", "The session has ended.", decision=Decision("authentication", "revoked"))
