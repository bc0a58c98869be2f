"""What the company sees when whoever asks it dies: some request is never answered to anybody."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from threading import Event

from aiohttp import web

from tests.simulators.bandwidth.company import ACT, Refusal
from tests.simulators.disturbances import say_nothing


class DiesAt:
    """The n-th request is the last: the company acts on it, or not, and its answer is lost."""

    def __init__(self, nth: int, *, acted: bool) -> None:
        self.nth, self.acted = nth, acted
        self.seen = 0
        self.happened = Event()

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        self.seen += 1
        if self.seen != self.nth:
            answer: web.StreamResponse = await request[ACT](request)
            return answer
        if self.acted:
            with suppress(Refusal):  # that is an answer, too
                await request[ACT](request)
        self.happened.set()
        return await say_nothing(request)


class Kills:
    """SIGKILL whoever asks for something to be done, as soon as it is; once for each thing."""

    def __init__(self, wanted: Callable[[web.Request], bool]) -> None:
        self.pid = 0
        self.killed_at: list[str] = []
        self._wanted = wanted

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        answer: web.StreamResponse = await request[ACT](request)
        what = f"{request.method} {request.path.rpartition('/')[2]}"
        if self._wanted(request) and what not in self.killed_at:
            self.killed_at.append(what)
            os.kill(self.pid, signal.SIGKILL)
            return await say_nothing(request)
        return answer
