"""Tasks and threads as text: one by one, or grouped by stack."""

from collections import Counter
from collections.abc import Iterable, Iterator

from service_kit.profiling.profile import Frame, Profile
from service_kit.profiling.tasks import TaskState
from service_kit.profiling.threads import ThreadState


def grouped(profile: Profile) -> str:
    """Returns one paragraph per stack, the most frequent first: count, labels, frames."""
    groups = Counter((sample.labels, sample.stack) for sample in profile.samples)
    paragraphs = [f"{profile.title}: {groups.total()}\n"]
    for (labels, stack), count in groups.most_common():
        described = " ".join(f"{name}={value}" for name, value in labels)
        head = f"{count} with {described}" if described else f"{count}"
        paragraphs.append("\n".join([head, *_lines(stack), ""]))
    return "\n".join(paragraphs)


def every_task(states: Iterable[TaskState]) -> str:
    """Returns one paragraph per task."""
    return "\n".join(_paragraph(f'task "{each.name}" [{each.state}]{_request(each)}', each.stack) for each in states)


def every_thread(states: Iterable[ThreadState]) -> str:
    """Returns one paragraph per thread."""
    return "\n".join(_paragraph(f'thread "{each.name}" {each.native_id}', each.stack) for each in states)


def _request(state: TaskState) -> str:
    request = state.request
    if request is None:
        return ""
    known = {"request_id": request.request_id, "route": request.route, "rpc": request.rpc}
    return "".join(f" {name}={value}" for name, value in known.items() if value)


def _paragraph(head: str, stack: Iterable[Frame]) -> str:
    return "\n".join([f"{head}:", *_lines(stack), ""])


def _lines(stack: Iterable[Frame]) -> Iterator[str]:
    for frame in stack:
        yield f"    {frame.function}"
        yield f"        {frame.file}:{frame.line}"
