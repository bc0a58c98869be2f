"""One event loop per process, on its own thread, for everything said to vendors.

Celery tasks and Django views are synchronous; vendors are not. Sharing one loop keeps connections
alive across tasks and lets one process hold hundreds of calls in flight.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine, Iterable
from concurrent.futures import Future
from threading import Lock, Thread
from typing import Any, TypeVar

T = TypeVar("T")

_lock = Lock()
_loop: asyncio.AbstractEventLoop | None = None


def get_loop() -> asyncio.AbstractEventLoop:
    """This process's vendor loop, started on first use."""
    global _loop  # noqa: PLW0603 - one loop per process is the point
    with _lock:
        if _loop is None or _loop.is_closed():
            _loop = asyncio.new_event_loop()
            Thread(target=_loop.run_forever, name="vendor-loop", daemon=True).start()
        return _loop


def run(coroutine: Coroutine[Any, Any, T], timeout_seconds: float | None = None) -> T:
    """Run a coroutine on the vendor loop and wait for it. Never call this from the loop itself.

    Raises TimeoutError, and cancels the coroutine, after ``timeout_seconds``.
    """
    future: Future[T] = asyncio.run_coroutine_threadsafe(coroutine, get_loop())
    try:
        return future.result(timeout_seconds)
    except TimeoutError:
        future.cancel()
        raise


def run_all(coroutines: Iterable[Coroutine[Any, Any, T]]) -> list[T | BaseException]:
    """Run coroutines at the same time; each result, or the exception it raised, in their order."""

    async def gather() -> list[T | BaseException]:
        return await asyncio.gather(*coroutines, return_exceptions=True)

    return run(gather())


def _forget_in_child() -> None:
    """A forked child has no loop thread; it must not wait for its parent's."""
    global _loop, _lock  # noqa: PLW0603
    _loop, _lock = None, Lock()


os.register_at_fork(after_in_child=_forget_in_child)
