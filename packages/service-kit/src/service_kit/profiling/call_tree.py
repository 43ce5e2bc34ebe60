"""The samples of a profile as one tree, outermost functions first."""

from dataclasses import dataclass, field
from typing import Self

from service_kit.profiling.profile import Frame, Profile, Sample


@dataclass(slots=True)
class Node:
    """A function as called along one path. total: its own value and that of all it called."""

    name: str
    file: str = ""
    total: int = 0
    children: "dict[tuple[str, str], Node]" = field(default_factory=dict)

    def child(self, frame: Frame) -> "Node":
        """The node of a function that this one called; made if there is none yet."""
        return self.children.setdefault((frame.function, frame.file), Node(frame.function, frame.file))

    def depth(self) -> int:
        """How many levels there are, this one included."""
        return 1 + max((child.depth() for child in self.children.values()), default=0)

    @classmethod
    def of(cls, profile: Profile) -> Self:
        """The root, which stands for all of the profile, by the type that matters most."""
        root = cls("all")
        for sample in profile.samples:
            node: Node = root
            value = sample.values[-1]
            node.total += value
            for frame in (*label_frames(sample), *reversed(sample.stack)):
                node = node.child(frame)
                node.total += value
        return root


def label_frames(sample: Sample) -> tuple[Frame, ...]:
    """A sample's labels, as outermost frames: for formats that know no labels."""
    return tuple(Frame(f"{name}: {value}") for name, value in sample.labels)
