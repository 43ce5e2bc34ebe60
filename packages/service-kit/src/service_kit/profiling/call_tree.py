"""The samples of a profile as one tree, outermost functions first; a sample's labels are its outermost frames."""

from dataclasses import dataclass, field
from typing import Self

from service_kit.profiling.profile import Frame, Profile


@dataclass(slots=True)
class Node:
    """A function as called along one path. total: its own value and that of the functions it called."""

    name: str
    file: str = ""
    total: int = 0
    children: "dict[tuple[str, str], Node]" = field(default_factory=dict)

    def child(self, frame: Frame) -> "Node":
        """Returns the node of a function that this one called; creates it if needed."""
        return self.children.setdefault((frame.function, frame.file), Node(frame.function, frame.file))

    def depth(self) -> int:
        """Returns the number of levels, this one included."""
        return 1 + max((child.depth() for child in self.children.values()), default=0)

    @classmethod
    def of(cls, profile: Profile) -> Self:
        """Returns the root of a profile's tree, by the profile's main value type."""
        root = cls("all")
        for sample in profile.samples:
            node: Node = root
            value = sample.values[-1]
            node.total += value
            labels = (Frame(f"{name}: {text}") for name, text in sample.labels)
            for frame in (*labels, *reversed(sample.stack)):
                node = node.child(frame)
                node.total += value
        return root
