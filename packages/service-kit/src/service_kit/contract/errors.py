"""Errors of a contract."""

from typing import ClassVar

from service_kit.runtime.start_refused import StartRefusedError


class ContractError(StartRefusedError):
    """The descriptor set cannot be served. Each problem is an error in the protos, with its location."""

    heading: ClassVar[str] = "the contract cannot be served"
