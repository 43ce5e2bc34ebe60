"""What a client is told whose session was ended while its access token was still good."""

from gateway.problems import Decision, Problem


def session_ended() -> Problem:
    """A 401 with the reason that the session's own service would give."""
    return Problem(401, "SESSION_INVALID", "The session has ended.", decision=Decision("authentication", "revoked"))
