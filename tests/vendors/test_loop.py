"""The one event loop of a process, on its own thread."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading

import pytest

from service_vendors.vendors import loop


async def _double(number: int) -> int:
    await asyncio.sleep(0)
    return number * 2


async def _fail() -> int:
    raise LookupError("no")


def _python(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-X", "dev", "-c", script], capture_output=True, text=True, timeout=60
    )


def test_a_coroutine_is_run_and_gives_its_result() -> None:
    assert loop.run(_double(21)) == 42


def test_an_exception_comes_back() -> None:
    with pytest.raises(LookupError):
        loop.run(_fail())


def test_everything_runs_on_the_same_loop_off_this_thread() -> None:
    async def where() -> tuple[object, str]:
        return asyncio.get_running_loop(), threading.current_thread().name

    first, second = loop.run(where()), loop.run(where())
    assert first == second == (loop.get_loop(), "vendor-loop")


def test_results_come_in_order_and_failures_among_them() -> None:
    results = loop.run_all([_double(1), _fail(), _double(3)])
    assert results[0] == 2
    assert isinstance(results[1], LookupError)
    assert results[2] == 6
    assert loop.run_all([]) == []


def test_many_run_at_the_same_time() -> None:
    barrier = asyncio.Barrier(50)

    async def meet() -> int:
        return await asyncio.wait_for(barrier.wait(), 5)

    assert sorted(loop.run_all(meet() for _ in range(50))) == list(range(50))


def test_what_takes_too_long_is_cancelled() -> None:
    cancelled = threading.Event()

    async def forever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    with pytest.raises(TimeoutError):
        loop.run(forever(), 0.05)
    assert cancelled.wait(5)


def test_a_timeout_of_the_coroutines_own_is_just_an_exception() -> None:
    async def times_out() -> None:
        raise TimeoutError("its own")

    with pytest.raises(TimeoutError, match="its own"):
        loop.run(times_out())


def test_waiting_on_the_loop_for_the_loop_is_refused() -> None:
    async def waits_for_itself() -> int:
        return loop.run(_double(1))

    with pytest.raises(RuntimeError, match="await"):
        loop.run(waits_for_itself(), 5)


def test_after_a_stop_the_next_use_starts_another() -> None:
    closed = []

    async def closer() -> None:
        closed.append(asyncio.get_running_loop())

    before = loop.get_loop()
    loop.before_stop(closer)
    try:
        loop.stop()
        assert closed == [before]
        assert before.is_closed()
        loop.stop()  # nothing is left to stop
        assert loop.run(_double(2)) == 4
        assert loop.get_loop() is not before
    finally:
        loop._closers.discard(closer)


def test_a_stop_cancels_what_still_runs() -> None:
    async def forever() -> None:
        await asyncio.Event().wait()

    waiting = asyncio.run_coroutine_threadsafe(forever(), loop.get_loop())
    loop.stop()
    assert waiting.cancelled()


FORK = """
import asyncio, os
from service_vendors.vendors import loop

async def where():
    return asyncio.get_running_loop()

parents = loop.run(where())
child = os.fork()
if child == 0:
    assert loop.run(where(), 10) is not parents
    os._exit(7)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
assert loop.run(where(), 10) is parents
"""


def test_a_forked_worker_has_a_loop_of_its_own() -> None:
    done = _python(FORK)
    assert (done.returncode, done.stderr) == (0, "")


LEAVE = """
import asyncio
from django.conf import settings
settings.configure()
from service_vendors.vendors import http, loop
from service_vendors.vendors.fakeservice.server import FakeServiceServer

# Under -X dev, asyncio complains of whatever a busy machine makes slow.
loop.get_loop().slow_callback_duration = 60.0
with FakeServiceServer() as server:
    assert loop.run(http.request("GET", server.url)).ok
    asyncio.run_coroutine_threadsafe(asyncio.sleep(60), loop.get_loop())
"""


def test_a_process_that_spoke_to_a_vendor_ends_without_a_word() -> None:
    done = _python(LEAVE)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
