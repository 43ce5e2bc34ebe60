"""The contract, read at start-up from a descriptor set."""

from service_kit.contract.contract import Contract
from service_kit.contract.errors import ContractError
from service_kit.contract.method import Binding, Method

__all__ = ["Binding", "Contract", "ContractError", "Method"]
