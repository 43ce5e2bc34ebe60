"""The words of the stream that announces revocations: its writers and readers share them.

An entry names a session (`sid`) or a signing key (`kid`) whose tokens are not accepted any more. It proves nothing: a
reader asks the authority over sessions, or for its key set.
"""

#: In the hash slot of the sessions, so that one script can end a session and announce it.
STREAM = "{sessions}:revoked"
SESSION_FIELD = "sid"
KEY_FIELD = "kid"
