"""The services behind the gateway: how they are called, and what it means when that fails."""
