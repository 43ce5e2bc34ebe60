"""What is wrong with a contract."""


class ContractError(Exception):
    """The descriptor set cannot be served. Whoever wrote the protos is at fault; the message says where."""
