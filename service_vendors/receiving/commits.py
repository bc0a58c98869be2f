"""Commits that webhooks share: those that come while others are being committed go together.

A commit waits for the disk, and each one costs the same however many rows it holds. Nobody is told
that an event is kept before it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from django.db import DatabaseError, close_old_connections

from service_vendors.models import WebhookEvent
from service_vendors.receiving import intake, spool

MOST_TOGETHER: Final = 500
# A database that does not answer for so long is as good as away: some vendors wait 5 seconds only.
STUCK_SECONDS: Final = 1.5
# Workers hear of new events this often: ten at a time cost each event seven times what 250 do.
HAND_OVER_SECONDS: Final = 0.1
REPLAY_SECONDS: Final = 2.0

_Waiting = tuple[WebhookEvent, "asyncio.Future[bool]"]


class SharedCommits:
    """Keeps the events of one event loop; the database is used in threads of its own."""

    def __init__(self) -> None:
        self._waiting: list[_Waiting] = []
        self._new_ids: list[int] = []
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="webhook-commits")
        self._spooler = ThreadPoolExecutor(1, thread_name_prefix="webhook-spool")
        self._replayer = ThreadPoolExecutor(1, thread_name_prefix="webhook-replay")
        self._messenger = ThreadPoolExecutor(1, thread_name_prefix="webhook-hand-over")
        self._commit: asyncio.Future[list[bool | BaseException]] | None = None
        self._writing: asyncio.Task[None] | None = None
        self._handing_over: asyncio.Task[None] | None = None
        self._replaying: asyncio.Task[None] | None = None

    async def add(self, event: WebhookEvent) -> bool:
        """Keep an event; whether it is new. Raises NowhereToKeep, DatabaseError."""
        kept: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((event, kept))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        return await kept

    async def _write(self) -> None:
        while self._waiting:
            together = self._waiting[:MOST_TOGETHER]
            del self._waiting[:MOST_TOGETHER]
            events = [event for event, _ in together]
            outcomes = await self._kept(events)
            for (_, kept), outcome in zip(together, outcomes, strict=True):
                if kept.done():  # whoever called has gone away
                    continue
                if isinstance(outcome, BaseException):
                    kept.set_exception(outcome)
                else:
                    kept.set_result(outcome)
            self._new_ids += [event.pk for event in events if event.pk]
            if self._new_ids and (self._handing_over is None or self._handing_over.done()):
                self._handing_over = asyncio.create_task(self._hand_over())
            if not all(event.pk for event in events):
                self._replay_soon()

    async def _kept(self, events: Sequence[WebhookEvent]) -> list[bool | BaseException]:
        """Keep events together: whether each is new, or why it is not kept.

        While a commit does not come back, later events do not wait for it.
        """
        loop = asyncio.get_running_loop()
        if self._commit is None or self._commit.done():
            self._commit = loop.run_in_executor(self._writer, _keep, events)
            await asyncio.wait([self._commit], timeout=STUCK_SECONDS)
            if self._commit.done():
                return self._commit.result()
        # If it is committed after all, replaying finds it there.
        return await loop.run_in_executor(self._spooler, _spool, events)

    async def _hand_over(self) -> None:
        """Tell the workers, a little later, of everything that came until then."""
        loop = asyncio.get_running_loop()
        while self._new_ids:
            await asyncio.sleep(HAND_OVER_SECONDS)
            ids, self._new_ids = self._new_ids, []
            await loop.run_in_executor(self._messenger, intake.hand_over, ids)

    def _replay_soon(self) -> None:
        if self._replaying is None or self._replaying.done():
            self._replaying = asyncio.create_task(self._replay())

    async def _replay(self) -> None:
        """Try to store what was spooled, until nothing is left."""
        loop = asyncio.get_running_loop()
        while not spool.is_empty():
            await asyncio.sleep(REPLAY_SECONDS)
            await loop.run_in_executor(self._replayer, _replay)


def _keep(events: Sequence[WebhookEvent]) -> list[bool | BaseException]:
    """In the writer's thread: keep events together; each by itself where one cannot be kept.

    The thread holds on to its connection while all is well: giving it back and taking it again for
    every commit costs as much as some rows do.
    """
    try:
        return list(intake.keep(events))
    except (DatabaseError, ValueError, spool.NowhereToKeep) as error:
        close_old_connections()
        if len(events) == 1 or isinstance(error, spool.NowhereToKeep):
            return [error] * len(events)
        return [outcome for event in events for outcome in _keep([event])]


def _spool(events: Sequence[WebhookEvent]) -> list[bool | BaseException]:
    """In the spooler's thread: the database did not answer in time."""
    try:
        spool.keep(events)
    except spool.NowhereToKeep as error:
        return [error] * len(events)
    return [True] * len(events)


def _replay() -> None:
    close_old_connections()
    spool.replay(intake.store)
