"""An endpoint: one binding of one method of the contract, ready to be served."""

from dataclasses import dataclass

from service_kit.contract import Binding, Contract, ContractError, Method
from service_kit.validation import Validator

from gateway.transcoding.body_bounds import BodyBounds
from gateway.transcoding.request_reader import RequestReader
from gateway.transcoding.response_writer import ResponseWriter


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One binding of one method, with the reader and the writer that its messages need."""

    method: Method
    binding: Binding
    reader: RequestReader
    writer: ResponseWriter

    @property
    def http_method(self) -> str:
        return self.binding.http_method

    @property
    def path(self) -> str:
        """The path template."""
        return self.binding.path

    @property
    def body_bounds(self) -> BodyBounds:
        """What no valid body exceeds."""
        return self.reader.bounds


def endpoints_of(contract: Contract) -> list[Endpoint]:
    """All endpoints that the contract describes. ContractError: some cannot be served; one problem for each."""
    validator = Validator(contract)
    endpoints: list[Endpoint] = []
    problems: list[str] = []
    for method in contract.methods.values():
        for binding in method.bindings:
            try:
                reader = RequestReader(contract, validator, method, binding)
                endpoints.append(Endpoint(method, binding, reader, ResponseWriter(contract, method, binding)))
            except ContractError as exc:
                problems += [f"{method.location}: {problem}" for problem in exc.problems]
    if problems:
        raise ContractError(*dict.fromkeys(problems))
    return endpoints
