"""The words of the stream that says which sessions and signing keys are revoked: its writers and readers share them.

An entry says `sid` or `kid`, whose tokens are good no more, and `for_ms`: how long after the entry a token of it could
still be alive (ms). The entry's id begins with the time of writing, by the clock of the Redis server (Unix ms).
"""

#: In the hash slot of the sessions, so that one script can end a session and say so.
STREAM = "{sessions}:revoked"
SESSION_FIELD = "sid"
KEY_FIELD = "kid"
LIFE_FIELD = "for_ms"
