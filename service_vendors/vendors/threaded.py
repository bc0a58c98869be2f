"""A server in a thread of its own: how a stand-in for a company runs inside another process."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread
from typing import Final, Self

PATIENCE_SECONDS: Final = 10.0


class ThreadedServer(ABC):
    """Serves from ``start`` to ``stop``, on an event loop of its own; a context manager.

    A subclass says how in ``serve`` and what it is called in ``title``.
    """

    title = "server"

    def __init__(self) -> None:
        self._is_up = Event()
        self._failures: list[Exception] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._until: asyncio.Event | None = None
        self._thread: Thread | None = None

    @abstractmethod
    async def serve(self, up: Callable[[], None], until: asyncio.Event) -> None:
        """Serve until the event is set; ``up()`` is called when it can be reached."""

    def start(self) -> Self:
        """Serve from now on. Raises what ``serve`` raised, RuntimeError when it took too long."""
        self._is_up.clear()
        self._failures.clear()
        self._thread = Thread(target=self._run, name=self.title, daemon=True)
        self._thread.start()
        if not self._is_up.wait(PATIENCE_SECONDS):
            raise RuntimeError(f"The {self.title} did not start in time.")
        for failure in self._failures:
            raise failure
        return self

    def stop(self) -> None:
        """Serve no longer; repeating it changes nothing. Raises RuntimeError when it goes on."""
        if self._loop is not None and self._until is not None and not self._loop.is_closed():
            with suppress(RuntimeError):  # it ended meanwhile
                self._loop.call_soon_threadsafe(self._until.set)
        if self._thread is not None:
            self._thread.join(PATIENCE_SECONDS)
            if self._thread.is_alive():
                raise RuntimeError(f"The {self.title} did not stop in time.")

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception as error:  # noqa: BLE001 - handed to whoever called start()
            self._failures.append(error)
        finally:
            self._is_up.set()

    async def _serve(self) -> None:
        self._loop, self._until = asyncio.get_running_loop(), asyncio.Event()
        await self.serve(self._is_up.set, self._until)
