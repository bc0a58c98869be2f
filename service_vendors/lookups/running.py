"""Working on a job: a turn at a time, a round of calls at a time, resumable after any crash.

Before the vendor is asked, the round's numbers stand in the database as being asked. A number that
still stands so when its holder is gone may have been paid for: it is in doubt, and this job never
asks it again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from django.utils import timezone

from service_vendors.backoff import backoff_seconds
from service_vendors.configuration import vendor_of
from service_vendors.exceptions import UnknownVendor, UnsupportedFeature
from service_vendors.lookups import asking, claims, lease, outcomes
from service_vendors.lookups.jobs import hand_over, offer_of
from service_vendors.lookups.offers import Offer
from service_vendors.models import LookupItem, LookupJob
from service_vendors.vendors.base import ServiceVendor

# A turn is short, so that a worker's other tasks need not wait for a long job.
TURN_SECONDS: Final = 2.0
LOOK_AHEAD: Final = 1_000
LONGEST_NAP_SECONDS: Final = 0.5
FIRST_PAUSE_SECONDS: Final = 2.0
LONGEST_PAUSE_SECONDS: Final = 120.0
# Rounds in a row without a single answer, after which the vendor is taken to be away.
MOST_FAILURES: Final = 8
TOO_DEAR: Final = (
    "Some numbers are not known any more, and to ask about them would cost more than was agreed "
    "to. Begin a new lookup for the rest."
)

Progress = Callable[[LookupJob], None]


def work(job_id: int) -> None:
    """Take a turn at a job, if nobody else has it, and hand its next turn over."""
    job = turn(job_id)
    soon = timezone.now() + timedelta(seconds=LONGEST_NAP_SECONDS)
    if job is not None and job.due_at is not None and job.due_at <= soon:
        hand_over(job.pk)


def turn(
    job_id: int, *, seconds: float = TURN_SECONDS, progress: Progress | None = None
) -> LookupJob | None:
    """Work on a job for so long, or until it is over; as it stands then. None: it is not ours."""
    job = lease.take(job_id)
    if job is None:
        return None
    pause = 0.0
    try:
        pause = _turn(job, time.monotonic() + seconds, progress)
    except lease.LeaseLost:
        pass  # whoever has it goes on
    finally:
        lease.give_back(job, pause)
    job.refresh_from_db()
    return job


@dataclass(slots=True)
class _Turn:
    """What stays the same for a turn, and the numbers that are next."""

    job: LookupJob
    offer: Offer
    vendor: ServiceVendor
    next_items: list[LookupItem] = field(default_factory=list)


def _turn(job: LookupJob, end: float, progress: Progress | None) -> float:
    """Rounds until the time is up; the pause before the next turn."""
    try:
        offer = offer_of(job)
        now = _Turn(job, offer, vendor_of(job.organization, job.service))
    except (UnknownVendor, UnsupportedFeature) as error:
        lease.end(job, LookupJob.Status.STOPPED, str(error))
        return 0.0
    pause = 0.0
    while job.status == LookupJob.Status.RUNNING:
        pause = _round(now)
        if progress is not None:
            progress(job)
        if time.monotonic() + pause > end or not lease.renew(job):
            break
        time.sleep(min(pause, LONGEST_NAP_SECONDS))
    return pause


def _round(now: _Turn) -> float:
    """Ask about as many numbers as may be asked at once; how long to wait before the next round."""
    job = now.job
    if not now.next_items and not _look_ahead(now):
        lease.end(job, LookupJob.Status.DONE)
        return 0.0
    if not now.next_items:
        return 0.0
    may_ask = len(now.next_items) if job.is_free else job.agreed - job.looked_up - job.in_doubt
    if may_ask <= 0:
        lease.end(job, LookupJob.Status.STOPPED, TOO_DEAR)
        return 0.0
    wanted = [item.contact_number for item in now.next_items[:may_ask]]
    claim = claims.take(job.organization, now.offer, wanted)
    taken = set(claim.numbers)
    # Those that somebody else is asking about are found known when they are looked at again.
    passed_over = taken | claim.held
    items = [item for item in now.next_items if item.contact_number in taken]
    now.next_items = [i for i in now.next_items if i.contact_number not in passed_over]
    if not taken:
        return claim.wait_seconds
    return _ask(now, claim, items)


def _look_ahead(now: _Turn) -> bool:
    """Fetch the numbers that are next; False when none is left to be asked about."""
    waiting = now.job.items.filter(state=LookupItem.State.WAITING).order_by("pk")
    found = list(waiting[:LOOK_AHEAD])
    now.next_items = outcomes.without_known(now.job, found)
    return bool(found)


def _ask(now: _Turn, claim: claims.Claim, items: Sequence[LookupItem]) -> float:
    """Ask about claimed numbers and write down what came of it; the pause the vendor asks for."""
    job = now.job
    # Until it is known better, whatever may have been paid for.
    unclear: list[str] = []
    try:
        # Somebody may have asked between our look and our claim.
        ours = outcomes.mark_as_asked(job, outcomes.without_known(job, items))
        unclear = [] if job.is_free else ours
        answers = asking.ask(now.vendor, now.offer, ours)
        unclear = [n for n, answer in answers.items() if isinstance(answer, asking.InDoubt)]
        try:
            outcomes.record(job, now.offer, answers)
        except BaseException:
            unclear = [n for n, answer in answers.items() if isinstance(answer, asking.Told)]
            raise
    finally:
        claims.release(job.organization, claim, in_doubt=unclear)
    return _pause_after(now, list(answers.values()))


def _pause_after(now: _Turn, answers: Sequence[asking.Answer]) -> float:
    """How long to wait when the vendor could not answer; a job stops when it never can."""
    job = now.job
    not_ready = [answer for answer in answers if isinstance(answer, asking.NotReady)]
    if not_ready:
        lease.end(job, LookupJob.Status.STOPPED, not_ready[0].reason)
        return 0.0
    later = [answer for answer in answers if isinstance(answer, asking.Later)]
    if not later:
        return 0.0
    if job.failures >= MOST_FAILURES:
        reason = f"{later[0].reason} Go on when that is mended: nothing is asked twice."
        lease.end(job, LookupJob.Status.STOPPED, reason)
        return 0.0
    wished = max(answer.after_seconds or 0.0 for answer in later)
    if wished:
        claims.close_gate(now.offer, wished)
    pause = backoff_seconds(job.failures, FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)
    return max(wished, pause)
