"""The contract of the platform: its methods, with their policies."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.descriptor import FieldDescriptor, FileDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError

from service_kit.contract.comments import read_comments, read_locations
from service_kit.contract.errors import ContractError
from service_kit.contract.method import Method
from service_kit.contract.method_reader import read_methods
from service_kit.contract.options import OptionReader
from service_kit.contract.policy import FieldPolicy
from service_kit.contract.policy_reader import read_field_policy
from service_kit.contract.reasons import Reason, read_reasons


@dataclass(frozen=True, slots=True)
class Contract:
    """A loaded contract.

    methods: by RPC path ("/order.v1.OrderService/GetOrder"). reasons: by name, without the enum's prefix.
    comments: by the full name of the element.
    """

    pool: DescriptorPool
    options: OptionReader
    methods: Mapping[str, Method]
    reasons: Mapping[str, Reason]
    comments: Mapping[str, str]
    _field_policies: dict[str, FieldPolicy] = field(default_factory=dict)

    @classmethod
    def load(cls, descriptor_set: bytes) -> "Contract":
        """Reads a serialized google.protobuf.FileDescriptorSet, imports first, as `buf build` writes it.

        Raises:
            ContractError: It is not one, or methods cannot be served: they stream, or their annotations are missing or
                contradictory. The problems name all of them.
        """
        pool = DescriptorPool()
        files: list[FileDescriptor] = []
        comments: dict[str, str] = {}
        locations: dict[str, str] = {}
        try:
            for file in FileDescriptorSet.FromString(descriptor_set).file:
                pool.Add(file)
                files.append(pool.FindFileByName(file.name))
                comments.update(read_comments(file))
                locations.update(read_locations(file))
        except (DecodeError, TypeError, KeyError) as exc:
            raise ContractError(f"not a descriptor set: {exc}") from exc
        options = OptionReader(pool)
        services = [service for file in files for service in file.services_by_name.values()]
        methods = read_methods(services, options, comments, locations)
        return cls(
            pool=pool,
            options=options,
            methods={method.path: method for method in methods},
            reasons=read_reasons(files, options, comments),
            comments=comments,
        )

    def field_policy(self, descriptor: FieldDescriptor) -> FieldPolicy:
        """Returns the policy of a field; the empty policy if it has none."""
        policy = self._field_policies.get(descriptor.full_name)
        if policy is None:
            policy = self._field_policies[descriptor.full_name] = read_field_policy(self.options, descriptor)
        return policy

    def field_rules(self, descriptor: FieldDescriptor) -> Any | None:
        """Returns the buf.validate.FieldRules of a field, None if it has none."""
        return self.options.read(descriptor, "buf.validate.field")

    def comment(self, full_name: str) -> str:
        """Returns the comment of a message, field, enum, value, service ("a.B") or method ("a.B.C"); empty if none."""
        return self.comments.get(full_name, "")
