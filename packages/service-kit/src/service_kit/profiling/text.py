"""Tasks and threads as text: every one of them, or those that are alike together."""

from collections import Counter
from collections.abc import Iterable, Iterator

from service_kit.profiling.profile import Frame, Profile
from service_kit.profiling.tasks import TaskState
from service_kit.profiling.threads import ThreadState


def grouped(profile: Profile) -> str:
    """One paragraph for each stack, the most frequent first: how often, its labels, its frames."""
    alike = Counter((sample.labels, sample.stack) for sample in profile.samples)
    paragraphs = [f"{profile.title}: {alike.total()}\n"]
    for (labels, stack), count in alike.most_common():
        told = " ".join(f"{name}={value}" for name, value in labels)
        paragraphs.append("\n".join([f"{count} {'with ' + told if told else ''}".rstrip(), *_lines(stack), ""]))
    return "\n".join(paragraphs)


def every_task(states: Iterable[TaskState]) -> str:
    """One paragraph for each task."""
    return "\n".join(_paragraph(f'task "{each.name}" [{each.state}]{_request(each)}', each.stack) for each in states)


def every_thread(states: Iterable[ThreadState]) -> str:
    """One paragraph for each thread."""
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
