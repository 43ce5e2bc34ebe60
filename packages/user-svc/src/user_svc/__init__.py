"""The user service: accounts, credentials, sessions and tokens."""
