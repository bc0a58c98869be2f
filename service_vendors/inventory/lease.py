"""Holding a job while one works on it, and what can come of a turn of work."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import Any, Final, TypeVar
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.db.models.functions import Coalesce
from django.utils import timezone

from service_vendors import conf
from service_vendors.models import NumberJob
from service_vendors.vendors import loop

logger = logging.getLogger(__name__)

T = TypeVar("T")

# Often enough that a pause of the machine does not cost a lease.
RENEWALS: Final = 3
_END: Final = object()


class LeaseLost(Exception):
    """Somebody else holds the job now; whoever reads this must not touch it again."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The job is over, and how in words."""

    state: NumberJob.State
    words: str


@dataclass(frozen=True, slots=True)
class Later:
    """It cannot go on now. ``in_doubt``: something may have happened that is not recorded."""

    reason: str
    in_doubt: bool = False
    after_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class MoreToDo:
    """It goes on; others have their turn first."""


Step = Ended | Later | MoreToDo


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on one job. Every write about the job is made under it."""

    job_id: int
    token: UUID
    until: float

    @property
    def is_turn_over(self) -> bool:
        """Whether others should have their turn."""
        return monotonic() >= self.until

    def hold(self, **changes: Any) -> None:
        """Lengthen the lease and change the job. Raises LeaseLost.

        Within a transaction, nobody else can take the job before it ends.
        """
        held = NumberJob.objects.filter(
            pk=self.job_id, lease_token=self.token, state=NumberJob.State.RUNNING
        ).update(due_at=_lease_end(), **changes)
        if not held:
            raise LeaseLost

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Wait for the vendor and keep the lease meanwhile."""
        every = conf.seconds("NUMBERS_LEASE_SECONDS") / RENEWALS
        return loop.run_patiently(coroutine, every_seconds=every, still=self.hold)

    def each(self, items: AsyncIterator[T]) -> Iterator[T]:
        """The vendor's items one by one: the next is asked for when this one is dealt with."""
        try:
            while (item := self.run(_next(items))) is not _END:
                yield item  # type: ignore[misc]  # it is no _END
        finally:
            close = getattr(items, "aclose", None)
            if close is not None:
                with suppress(RuntimeError):  # it is still asking: the call was cancelled
                    loop.run(close())


def take(job_id: int, turn_seconds: float | None = None) -> Lease | None:
    """Take a job that is due; None when it is not, or another buys in the same area code now."""
    if turn_seconds is None:
        turn_seconds = conf.seconds("NUMBERS_SLICE_SECONDS")
    lease = Lease(job_id, uuid4(), monotonic() + turn_seconds)
    now = timezone.now()
    due = NumberJob.objects.filter(pk=job_id, state=NumberJob.State.QUEUED)
    try:
        with transaction.atomic():
            taken = due.filter(due_at__lte=now).update(
                state=NumberJob.State.RUNNING,
                lease_token=lease.token,
                due_at=_lease_end(),
                started_at=Coalesce("started_at", now),
            )
    except IntegrityError:
        due.update(
            outcome="Waits until another order in this area code is done.",
            due_at=now + timedelta(seconds=conf.seconds("NUMBERS_RETRY_SECONDS")),
            dispatched_at=None,
        )
        return None
    return lease if taken else None


async def _next(items: AsyncIterator[T]) -> T | object:
    try:
        return await anext(items)
    except StopAsyncIteration:
        return _END


def _lease_end() -> Any:
    return timezone.now() + timedelta(seconds=conf.seconds("NUMBERS_LEASE_SECONDS"))
