"""Headrace's contract: generated messages, stubs and bases, and the descriptor set that describes them all."""

from importlib import resources


def descriptor_set() -> bytes:
    """The contract as a serialised google.protobuf.FileDescriptorSet, with imports and comments."""
    return resources.files(__name__).joinpath("descriptor_set.binpb").read_bytes()
