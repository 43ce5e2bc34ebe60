"""CPU profiles: functions, threads and request labels."""

import asyncio
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import uvloop
from service_kit.profiling.cpu_sampler import CpuSampler, cpu_ns_of
from service_kit.profiling.profile import Profile, Sample

from tests.running.polling import eventually
from tests.unit.service_kit.profiling.busy import burn, burn_in_c, serve


def spent_s(profile: Profile, chosen: Callable[[Sample], bool] = lambda _: True) -> float:
    return sum(sample.values[1] for sample in profile.samples if chosen(sample)) / 1e9


def within(function: str) -> Callable[[Sample], bool]:
    return lambda sample: any(frame.function.endswith(f".{function}") for frame in sample.stack)


def labelled(name: str, value: str) -> Callable[[Sample], bool]:
    return lambda sample: (name, value) in sample.labels


def test_cpu_profile_attributes_time_to_the_functions_that_used_it() -> None:
    before = time.process_time()
    with CpuSampler(100) as sampler:
        burn(0.3)
    used_s = time.process_time() - before
    profile = sampler.profile()
    assert spent_s(profile, within("burn")) == pytest.approx(0.3, abs=0.06)
    assert spent_s(profile) <= used_s + 0.01
    (leaf, *_) = next(sample.stack for sample in profile.samples if within("burn")(sample))
    assert (leaf.function, leaf.file.endswith("busy.py")) == ("tests.unit.service_kit.profiling.busy.burn", True)
    assert 0 < leaf.first_line < leaf.line


def test_sleeping_process_is_not_sampled() -> None:
    with CpuSampler(100) as sampler:
        threading.Event().wait(0.3)
    assert spent_s(sampler.profile()) < 0.05


@pytest.mark.parametrize("make_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_samples_are_labelled_with_the_request_of_the_running_task(
    make_loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    async def requests() -> None:
        await asyncio.gather(serve("/dear", 0.9), serve("/cheap", 0.3))
        burn(0.3)

    with asyncio.Runner(loop_factory=make_loop) as runner, CpuSampler(200) as sampler:
        runner.run(requests())
    profile = sampler.profile()
    assert spent_s(profile, labelled("route", "/dear")) == pytest.approx(0.9, abs=0.25)
    assert spent_s(profile, labelled("route", "/cheap")) == pytest.approx(0.3, abs=0.2)
    assert spent_s(profile, labelled("rpc", "demo.v1.Demo/dear")) == spent_s(profile, labelled("route", "/dear"))
    assert spent_s(profile, lambda sample: not sample.labels) == pytest.approx(0.3, abs=0.2)


def test_other_threads_are_sampled_in_c_code_and_while_the_loop_is_idle() -> None:
    async def hash_elsewhere() -> None:
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1, thread_name_prefix="hasher") as pool:
            await loop.run_in_executor(pool, burn_in_c, 0.3)

    # As our processes do. Its loop is woken up by signals, whichever thread they come to.
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner, CpuSampler(100) as sampler:
        runner.run(hash_elsewhere())
    profile = sampler.profile()
    assert spent_s(profile, within("burn_in_c")) == pytest.approx(0.3, abs=0.08)
    assert spent_s(profile, labelled("thread", "hasher_0")) >= spent_s(profile, within("burn_in_c"))


def test_sampler_leaves_nothing_behind_and_ignores_a_late_signal() -> None:
    with CpuSampler(100):
        burn(0.05)
    assert signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)
    signal.raise_signal(signal.SIGPROF)


def test_failed_sample_does_not_disturb_the_interrupted_code(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> list[threading.Thread]:
        raise RuntimeError("no threads")

    with CpuSampler(100) as sampler:
        monkeypatch.setattr(threading, "enumerate", fails)
        burn(0.1)
        monkeypatch.undo()
    assert any("samples failed" in comment for comment in sampler.profile().comments)


def test_cpu_ns_of_the_current_thread_matches_its_own_clock() -> None:
    burn(0.01)
    before, read, after = time.thread_time_ns(), cpu_ns_of(threading.current_thread()), time.thread_time_ns()
    assert before <= read <= after


def test_cpu_ns_of_a_thread_that_has_ended_is_zero() -> None:
    thread = threading.Thread(target=burn, args=(0.01,))
    assert cpu_ns_of(thread) == 0
    thread.start()
    thread.join()
    # The system may take a moment longer than Python to see a thread off.
    eventually(lambda: True if cpu_ns_of(thread) == 0 else None, within_s=10)
