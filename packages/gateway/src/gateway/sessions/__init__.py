"""The session behind a cookie: what the client holds, how it is renewed, and the keys that verify its tokens."""
