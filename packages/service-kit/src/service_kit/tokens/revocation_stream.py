"""Names of the Redis stream that announces revocations, shared by its writers and readers.

An entry names a session (`sid`) or a signing key (`kid`) whose tokens are no longer accepted. It is only a hint: a
reader asks the issuer for revoked sessions, or for its key set.
"""

#: In the hash slot of the sessions, so that one script can end a session and announce it.
STREAM = "{sessions}:revoked"
SESSION_FIELD = "sid"
KEY_FIELD = "kid"
