"""Reads options of descriptors with the message classes of the descriptors' own pool.

Custom options are extensions; a class of another pool would treat them as unknown fields.
"""

from typing import Any

from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass


class OptionReader:
    """Reads options by the full name of their extension: "google.api.http"."""

    def __init__(self, pool: DescriptorPool) -> None:
        self._pool = pool
        self._classes: dict[str, Any] = {}

    def read(self, descriptor: Any, extension_name: str) -> Any | None:
        """Returns the option's value; None if it is not set, or if the contract does not have the extension."""
        try:
            extension = self._pool.FindExtensionByName(extension_name)
        except KeyError:
            return None
        options = self.all_of(descriptor)
        return options.Extensions[extension] if options.HasExtension(extension) else None

    def all_of(self, descriptor: Any) -> Any:
        """Returns the options message of a descriptor, in the pool's own class."""
        raw = descriptor.GetOptions()
        name = raw.DESCRIPTOR.full_name
        if name not in self._classes:
            self._classes[name] = GetMessageClass(self._pool.FindMessageTypeByName(name))
        return self._classes[name].FromString(raw.SerializeToString())
