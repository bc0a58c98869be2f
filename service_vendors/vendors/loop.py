"""One event loop per process, on its own thread, for everything said to vendors.

Celery tasks and Django views are synchronous; vendors are not. Sharing one loop keeps connections
alive across tasks and lets one process hold hundreds of calls in flight.
"""

from __future__ import annotations

import asyncio
import atexit
import os
from collections.abc import Callable, Coroutine, Iterable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from threading import Lock, Thread
from typing import Any, Final, TypeVar

T = TypeVar("T")

_lock = Lock()
_loop: asyncio.AbstractEventLoop | None = None
_thread: Thread | None = None
_inherited: list[asyncio.AbstractEventLoop] = []
_closers: set[Callable[[], Coroutine[Any, Any, None]]] = set()

STOP_SECONDS: Final = 2.0


def get_loop() -> asyncio.AbstractEventLoop:
    """This process's vendor loop, started on first use."""
    global _loop, _thread  # noqa: PLW0603 - one loop per process is the point
    with _lock:
        if _loop is None:
            _loop = _new_loop()
            _thread = Thread(target=_loop.run_forever, name="vendor-loop", daemon=True)
            _thread.start()
            atexit.register(stop)
        return _loop


def _new_loop() -> asyncio.AbstractEventLoop:
    """uvloop's where it is installed: half as long again for each call. Else Python's own."""
    try:
        import uvloop  # noqa: PLC0415 - does not exist for every platform
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def before_stop(closer: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Await ``closer()`` on the loop before it stops; naming it again changes nothing."""
    _closers.add(closer)


def stop() -> None:
    """End this process's loop: what still runs on it is cancelled. The next use starts another."""
    global _loop, _thread  # noqa: PLW0603
    with _lock:
        loop, thread = _loop, _thread
        _loop = _thread = None
    if loop is None or thread is None:
        return
    atexit.unregister(stop)
    asyncio.run_coroutine_threadsafe(_wind_up(), loop).result(STOP_SECONDS)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(STOP_SECONDS)
    loop.close()


async def _wind_up() -> None:
    running = asyncio.all_tasks() - {asyncio.current_task()}
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    for closer in _closers:
        await closer()
    await asyncio.sleep(0)  # let closed connections say so


def run(coroutine: Coroutine[Any, Any, T], timeout_seconds: float | None = None) -> T:
    """Run a coroutine on the vendor loop and wait for it.

    Raises TimeoutError after ``timeout_seconds``. Whatever ends the wait early cancels the
    coroutine: nobody would learn how it ended. Raises RuntimeError on the loop's own thread, which
    would wait for itself forever.
    """
    with _under_way(coroutine) as future:
        return future.result(timeout_seconds)


def run_patiently(
    coroutine: Coroutine[Any, Any, T], *, every_seconds: float, still: Callable[[], None]
) -> T:
    """As ``run``, for as long as it takes; ``still()`` is called every so often meanwhile.

    What ``still`` raises ends the wait and cancels the coroutine.
    """
    with _under_way(coroutine) as future:
        while not wait([future], every_seconds).done:
            still()
        return future.result()


@contextmanager
def _under_way(coroutine: Coroutine[Any, Any, T]) -> Iterator[Future[T]]:
    """The coroutine, begun on the vendor loop; cancelled when the block ends with an exception."""
    loop = get_loop()
    if _is_running_here(loop):
        coroutine.close()
        raise RuntimeError("This is the vendor loop: await the coroutine instead.")
    future: Future[T] = asyncio.run_coroutine_threadsafe(coroutine, loop)
    try:
        yield future
    except BaseException:
        future.cancel()  # does nothing to one that ended by itself
        raise


def run_all(coroutines: Iterable[Coroutine[Any, Any, T]]) -> list[T | BaseException]:
    """Run coroutines at the same time; each result, or the exception it raised, in their order."""
    return run(_gather(coroutines))


def start_all(coroutines: Iterable[Coroutine[Any, Any, T]]) -> Future[list[T | BaseException]]:
    """As ``run_all``, for whoever has something else to do meanwhile: where the results will be."""
    return asyncio.run_coroutine_threadsafe(_gather(coroutines), get_loop())


async def _gather(coroutines: Iterable[Coroutine[Any, Any, T]]) -> list[T | BaseException]:
    return await asyncio.gather(*coroutines, return_exceptions=True)


def _is_running_here(loop: asyncio.AbstractEventLoop) -> bool:
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False


def _forget_in_child() -> None:
    """A forked child has no loop thread; it must not wait for its parent's.

    The parent's loop is kept, unused: taking it apart here would close connections over there.
    """
    global _loop, _thread, _lock
    if _loop is not None:
        _inherited.append(_loop)
    _loop, _thread, _lock = None, None, Lock()


os.register_at_fork(after_in_child=_forget_in_child)
