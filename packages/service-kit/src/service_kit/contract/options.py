"""The options of descriptors, read with the message classes of the descriptors' own pool.

Custom options are extensions; a class from another pool would not know them and keep them as unknown fields.
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
        """The option's value; None where it is not set, or where the contract does not know the extension."""
        try:
            extension = self._pool.FindExtensionByName(extension_name)
        except KeyError:
            return None
        options = self.all_of(descriptor)
        return options.Extensions[extension] if options.HasExtension(extension) else None

    def all_of(self, descriptor: Any) -> Any:
        """The options message of a descriptor, of the pool's own class."""
        raw = descriptor.GetOptions()
        name = raw.DESCRIPTOR.full_name
        if name not in self._classes:
            self._classes[name] = GetMessageClass(self._pool.FindMessageTypeByName(name))
        return self._classes[name].FromString(raw.SerializeToString())
