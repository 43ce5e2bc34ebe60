"""The keys that sign access tokens: their files, when each of them signs, and their rotation."""
