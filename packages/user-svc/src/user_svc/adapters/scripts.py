"""The Lua scripts, each with the prelude that all of them share."""

from importlib import resources

from redis.asyncio import Redis
from redis.commands.core import AsyncScript


def load_script(redis: Redis, name: str) -> AsyncScript:
    """The script lua/``name``.lua; its own first lines say what it takes and gives."""
    folder = resources.files(__package__).joinpath("lua")
    parts = (folder.joinpath(f"{part}.lua").read_text() for part in ("prelude", name))
    return redis.register_script("\n".join(parts))
