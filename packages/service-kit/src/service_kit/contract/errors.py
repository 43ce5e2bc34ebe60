"""What is wrong with a contract."""

from typing import ClassVar

from service_kit.runtime.start_refused import StartRefusedError


class ContractError(StartRefusedError):
    """The descriptor set cannot be served. Each problem is a fault of the protos and says where it is."""

    heading: ClassVar[str] = "the contract cannot be served"
