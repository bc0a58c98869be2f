"""The last question before a call begins: whether its contact has opted out meanwhile.

Preparing a batch takes a while, and a call may have to wait for its turn. So each call asks once
more as its very last step, and while it begins no opt-out can be committed: a lock that calls share
and opt-outs take alone puts the two in an order. Either the opt-out was committed first, and the
call sees it, or the call had begun. The lock is held for as long as calls take to begin, never
until they are answered. It is the transaction's, so it holds through PgBouncer as well; on SQLite
the transaction itself is the lock.

Calls run on the vendor loop, whose thread uses no database. They ask the thread that waits for
them: whatever asks at the same time is answered with one statement.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Coroutine, Iterable
from queue import SimpleQueue
from threading import Event
from typing import Any, Final, TypeVar

from django.db import Error, connection, transaction

from service_vendors import optouts
from service_vendors.models import Message
from service_vendors.vendors import loop

T = TypeVar("T")

# A process that is frozen while its calls begin holds opt-outs up for this long, and its calls do
# not begin when it thaws.
HOLD_SECONDS: Final = 5.0
BEGIN_SECONDS: Final = 4.0


class NotNow(Exception):
    """It could not be made sure in time that the contact may be texted. Nothing was said."""


# Messages whose calls are ready at the same time, and where each awaits its answer.
_Question = list[tuple[Message, "asyncio.Future[bool]"]]


class Gate:
    """Where the calls of one batch ask; whoever made it answers."""

    def __init__(self) -> None:
        self._questions: SimpleQueue[_Question | None] = SimpleQueue()
        self._next: _Question | None = None

    async def may_begin(self, message: Message) -> bool:
        """Whether this message's call may begin, which it must do at once. Raises NotNow."""
        running = asyncio.get_running_loop()
        if self._next is None:
            self._next = []
            running.call_soon(self._ask)
        answer: asyncio.Future[bool] = running.create_future()
        self._next.append((message, answer))
        return await answer

    def run_all(self, calls: Iterable[Coroutine[Any, Any, T]]) -> list[T | BaseException]:
        """Run calls at the same time and answer what they ask; as ``loop.run_all`` otherwise."""
        running = loop.start_all(calls)
        running.add_done_callback(lambda _: self._questions.put(None))
        try:
            while (question := self._questions.get()) is not None:
                _answer(question)
            return running.result()
        except BaseException:
            running.cancel()  # does nothing to what ended by itself
            raise

    def _ask(self) -> None:
        question, self._next = self._next, None
        self._questions.put(question)


def _answer(question: _Question) -> None:
    """Check, and wait until the calls have begun, before an opt-out can be committed again."""
    until = time.monotonic() + BEGIN_SECONDS
    try:
        with transaction.atomic():
            optouts.hold_up(HOLD_SECONDS)
            stopped = optouts.in_force(
                {(message.organization_id, message.contact_number) for message, _ in question}
            )
            _let_begin(question, stopped, until)
    except Error:
        # Those that were told before the connection broke do not hear this any more.
        _let_begin(question, set(), -math.inf)
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()


def _let_begin(question: _Question, stopped: set[tuple[int, str]], until: float) -> None:
    """Answer on the vendor loop, and return when each call has come as far as it could at once."""
    begun = Event()

    def tell() -> None:
        in_time = time.monotonic() < until
        for message, answer in question:
            if answer.done():
                continue  # nobody waits for it any more
            if in_time:
                answer.set_result((message.organization_id, message.contact_number) not in stopped)
            else:
                answer.set_exception(NotNow())
        # The loop is fair: whoever was answered goes on before this.
        asyncio.get_running_loop().call_soon(begun.set)

    loop.get_loop().call_soon_threadsafe(tell)
    begun.wait(HOLD_SECONDS)
