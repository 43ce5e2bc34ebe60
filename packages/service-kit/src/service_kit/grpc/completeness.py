"""The check that a process implements all methods that the contract assigns to it."""

from collections.abc import Sequence
from typing import Any

from loguru import logger

from service_kit.contract import Contract

_RPC = "__rpc_"


def missing_methods(services: Sequence[Any], contract: Contract) -> list[str]:
    """Returns the full names of the methods that the contract assigns to this process and that it lacks.

    Args:
        services: Subclasses of betterproto2 bases. A base answers with UNIMPLEMENTED what its subclass does not define.
        contract: All methods of an upstream are served by the same process.
    """
    implemented = {path for service in services for path in _implemented(service)}
    upstreams = {contract.methods[path].upstream for path in implemented if path in contract.methods}
    return [
        method.full_name
        for path, method in contract.methods.items()
        if method.upstream in upstreams and path not in implemented
    ]


class CompletenessCheck:
    """A readiness check that fails while the process lacks a method; logs each at start."""

    def __init__(self, services: Sequence[Any], contract: Contract) -> None:
        self._missing = missing_methods(services, contract)
        for name in self._missing:
            logger.bind(rpc=name).error("method of the contract is not implemented")

    async def __call__(self) -> None:
        """Raises NotImplementedError if methods are missing."""
        if self._missing:
            raise NotImplementedError(f"not implemented: {', '.join(self._missing)}")


def _implemented(service: Any) -> list[str]:
    generated = next(base for base in type(service).__mro__ if "__mapping__" in vars(base))
    found = []
    for path, handler in service.__mapping__().items():
        name = handler.func.__name__.removeprefix(_RPC)
        if getattr(type(service), name) is not vars(generated).get(name):
            found.append(path)
    return found
