"""Brings events to callbacks, signed, and tries again for a while where nobody takes them."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from contextlib import suppress
from typing import Final

import aiohttp

from service_vendors.vendors.fakeservice.server.events import SIGNATURE_HEADER, signature
from service_vendors.vendors.fakeservice.server.ledger import Ledger, Row

logger = logging.getLogger(__name__)

AT_ONCE: Final = 32
TRIES: Final = 12
TAKEN_SECONDS: Final = 60.0
FIRST_PAUSE_SECONDS: Final = 1.0
LONGEST_PAUSE_SECONDS: Final = 300.0
ANSWER_SECONDS: Final = 15.0
IDLE_SECONDS: Final = 5.0


class Courier:
    """Posts what stands in the ledger's events when it is due.

    Secrets live in memory: after a restart, a callback hears again once its account spoke.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._keys: dict[str, str] = {}
        self._signing_secrets: dict[str, str] = {}
        self._woken = asyncio.Event()
        self._on_the_way: set[asyncio.Task[None]] = set()
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        self._work = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Stop; what was not brought stays in the ledger."""
        for task in (self._work, *self._on_the_way):
            task.cancel()
        await asyncio.gather(self._work, *self._on_the_way, return_exceptions=True)
        await self._session.close()

    def know(self, callback: str, api_key: str) -> None:
        """Remember the API key of an account that wants to be called there."""
        if callback and self._keys.get(callback) != api_key:
            self._keys[callback] = api_key
            self.wake()

    def register(self, callback: str, signing_secret: str) -> None:
        """Sign calls to this callback with this secret as well as with the API key."""
        self._signing_secrets[callback] = signing_secret

    def secret_of(self, callback: str) -> str:
        """The secret that calls to this callback are signed with besides the API key, or ""."""
        return self._signing_secrets.get(callback, "")

    def wake(self) -> None:
        """There is something new to bring."""
        self._woken.set()

    async def post(self, callback: str, body: bytes) -> bool:
        """Bring a body to a callback now; whether it was taken."""
        known = (self._signing_secrets.get(callback), self._keys.get(callback))
        in_use = [secret for secret in known if secret]
        if not in_use:
            return False
        headers = {
            "Content-Type": "application/json",
            SIGNATURE_HEADER: signature(in_use, body, time.time()),
        }
        try:
            async with self._session.post(
                callback, data=body, headers=headers, allow_redirects=False
            ) as answer:
                await answer.read()
                return answer.ok and answer.status < 300
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            logger.info("A callback could not be reached: %s", type(error).__name__)
            return False

    async def _run(self) -> None:
        while True:
            self._woken.clear()
            try:
                pause = self._set_off()
            except sqlite3.OperationalError as error:  # somebody else holds the file
                logger.warning("The ledger could not be used: %s", error)
                pause = FIRST_PAUSE_SECONDS
            # Not asyncio.wait_for: before Python 3.12 it may swallow a cancellation.
            with suppress(TimeoutError):
                async with asyncio.timeout(min(max(pause, 0.01), IDLE_SECONDS)):
                    await self._woken.wait()

    def _set_off(self) -> float:
        """Bring what is due, as far as hands are free; how long nothing will be due."""
        free = AT_ONCE - len(self._on_the_way)
        if free <= 0:
            return IDLE_SECONDS  # woken when one of those on the way is back
        now = time.time()
        with self._ledger.together():
            due = self._ledger.take_events(now, now + TAKEN_SECONDS, free)
        for event in due:
            task = asyncio.create_task(self._bring(event))
            self._on_the_way.add(task)
            task.add_done_callback(self._on_the_way.discard)
        next_due = self._ledger.next_due()
        return IDLE_SECONDS if next_due is None else next_due - time.time()

    async def _bring(self, event: Row) -> None:
        taken = await self.post(event["callback"], event["body"])
        tries = event["attempts"] + 1
        if taken or tries >= TRIES:
            self._ledger.finish_event(event["seq"])
        else:
            pause = min(FIRST_PAUSE_SECONDS * 2.0 ** (tries - 1), LONGEST_PAUSE_SECONDS)
            self._ledger.postpone_event(event["seq"], time.time() + pause)
        self.wake()
