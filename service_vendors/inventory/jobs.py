"""Working on jobs: taken under a lease, a turn at a time, put back or ended."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from service_vendors import broker, conf
from service_vendors.backoff import backoff_seconds
from service_vendors.configuration import record
from service_vendors.exceptions import VendorError
from service_vendors.inventory import buying, comparing, releasing
from service_vendors.inventory.lease import Ended, Later, Lease, LeaseLost, MoreToDo, Step, take
from service_vendors.models import NumberIntent, NumberJob

logger = logging.getLogger(__name__)

LONGEST_PAUSE_SECONDS: Final = 900.0
FOLLOW_SECONDS: Final = 0.2
TASK: Final = "work_on_numbers"


@dataclass(frozen=True, slots=True)
class _Work:
    """How a kind of job is worked on, and how it ends when it has to be given up."""

    turn: Callable[[NumberJob, Lease], Step]
    ending: Callable[[NumberJob, str], Ended]


_WORK: Final = {
    NumberJob.Kind.BUY: _Work(buying.work, buying.ending),
    NumberJob.Kind.RELEASE: _Work(releasing.work, releasing.ending),
    NumberJob.Kind.COMPARE: _Work(comparing.work_comparison, comparing.ending),
    NumberJob.Kind.SYNC: _Work(comparing.work_sync, comparing.ending),
}


def work(job_ids: list[int]) -> None:
    """Work on jobs for one turn each; those that are not done are handed over again."""
    for job_id in job_ids:
        if take_turn(job_id):
            hand_over([job_id])


def follow(job: NumberJob, *, tell: Callable[[NumberJob], None]) -> None:
    """Work on a job to its end, or watch the worker that has it; ``tell`` hears how far it came."""
    while job.is_open:
        if not take_turn(job.pk, FOLLOW_SECONDS):
            time.sleep(FOLLOW_SECONDS)
            free_silent()
        job.refresh_from_db()
        tell(job)


def take_turn(job_id: int, turn_seconds: float | None = None) -> bool:
    """One turn of a job, if it is due and nobody else has it; whether it can go on right away."""
    lease = take(job_id, turn_seconds)
    if lease is None:
        return False
    job = NumberJob.objects.select_related("organization").get(pk=job_id)
    kind = NumberJob.Kind(job.kind)
    try:
        step = _turn(job, lease)
        job.refresh_from_db(fields=("attempts",))  # whatever was bought began the count anew
        if isinstance(step, Later) and _is_hopeless(job, step):
            why = f"{step.reason} Gave up after {job.attempts + 1} tries."
            _let_go(job, lease, why)
            step = _WORK[kind].ending(job, why)
        return _put_down(job, lease, step)
    except LeaseLost:
        logger.warning("Job %s was taken over by another worker.", job.reference)
        return False


def _turn(job: NumberJob, lease: Lease) -> Step:
    try:
        return _WORK[NumberJob.Kind(job.kind)].turn(job, lease)
    except LeaseLost:
        raise
    except VendorError as error:  # no such vendor any more, or not set up
        return Later(str(error), in_doubt=_is_doubtful(job))
    except (KeyboardInterrupt, SystemExit):
        with suppress(LeaseLost):
            _put_down(job, lease, Later("The worker was stopped.", in_doubt=_is_doubtful(job)))
        raise
    except Exception:
        logger.exception("Job %s broke; it is tried again.", job.reference)
        return Later("Something broke on our side.", in_doubt=_is_doubtful(job))


def _is_hopeless(job: NumberJob, step: Later) -> bool:
    """Whether to give up: only ever when nothing is in doubt."""
    tried = job.attempts + 1 >= conf.whole("NUMBERS_MAX_ATTEMPTS")
    return tried and not step.in_doubt and not _is_doubtful(job)


def _is_doubtful(job: NumberJob) -> bool:
    return job.intents.filter(settled_at__isnull=True, in_doubt=True).exists()


def _let_go(job: NumberJob, lease: Lease, why: str) -> None:
    """Settle what is surely not going to happen."""
    if job.kind == NumberJob.Kind.RELEASE:
        releasing.give_up(job, lease, why)
    else:
        with transaction.atomic():
            lease.hold()
            NumberIntent.objects.filter(job=job, settled_at__isnull=True).update(
                settled_at=timezone.now(), outcome=why
            )


def _put_down(job: NumberJob, lease: Lease, step: Step) -> bool:
    """Write down how a turn ended; whether the job can go on right away. Raises LeaseLost."""
    now = timezone.now()
    free = {"lease_token": None, "dispatched_at": None}
    if isinstance(step, MoreToDo):
        _write(lease, **free, state=NumberJob.State.QUEUED, due_at=now, outcome="")
        return True
    if isinstance(step, Later):
        pause = max(_pause(job, step), step.after_seconds or 0.0)
        _write(
            lease,
            **free,
            state=NumberJob.State.QUEUED,
            due_at=now + timedelta(seconds=pause),
            attempts=F("attempts") + 1,
            outcome=step.reason,
        )
        return False
    with transaction.atomic():
        _write(
            lease,
            **free,
            state=step.state,
            due_at=None,
            outcome=step.words,
            finished_at=now,
        )
        job.refresh_from_db()
        if job.kind != NumberJob.Kind.COMPARE:
            record(
                job.organization,
                job.actor,
                _ACTIONS[NumberJob.Kind(job.kind)],
                step.words[:500],
                service=job.service,
            )
    wake_next(job)
    return False


_ACTIONS: Final = {
    NumberJob.Kind.BUY: "numbers bought",
    NumberJob.Kind.RELEASE: "numbers released",
    NumberJob.Kind.SYNC: "numbers synced",
}


def _write(lease: Lease, **changes: object) -> None:
    """As ``Lease.hold``, and let go of it."""
    held = NumberJob.objects.filter(
        pk=lease.job_id, lease_token=lease.token, state=NumberJob.State.RUNNING
    ).update(**changes)
    if not held:
        raise LeaseLost


def _pause(job: NumberJob, step: Later) -> float:
    """A doubtful call is repeated late: what is still on its way must have arrived by then."""
    first = conf.seconds("SETTLE_SECONDS" if step.in_doubt else "NUMBERS_RETRY_SECONDS")
    pause = backoff_seconds(job.attempts + 1, first, LONGEST_PAUSE_SECONDS)
    return max(pause, first) if step.in_doubt else pause


def wake_next(job: NumberJob) -> None:
    """Let the next order of the same area code begin."""
    waiting = NumberJob.objects.filter(
        organization_id=job.organization_id,
        kind=NumberJob.Kind.BUY,
        area_code=job.area_code,
        state=NumberJob.State.QUEUED,
        attempts=0,
    ).order_by("id")
    ids = list(waiting.values_list("pk", flat=True)[:1])
    if ids and job.kind == NumberJob.Kind.BUY:
        NumberJob.objects.filter(pk__in=ids, state=NumberJob.State.QUEUED).update(
            due_at=timezone.now()
        )
        hand_over(ids)


def hand_over(ids: list[int]) -> None:
    """Give jobs to the workers; those the broker does not take are left to the sweeper."""
    now = timezone.now()
    NumberJob.objects.filter(pk__in=ids, state=NumberJob.State.QUEUED).update(dispatched_at=now)
    if not broker.hand_over(TASK, ids, batch_size=1):
        NumberJob.objects.filter(pk__in=ids, state=NumberJob.State.QUEUED).update(
            dispatched_at=None
        )


def sweep() -> None:
    """Find jobs whose worker fell silent, and jobs that nobody took. Any number may run at once."""
    free_silent()
    now = timezone.now()
    long_ago = now - timedelta(seconds=conf.seconds("REDISPATCH_SECONDS"))
    forgotten = NumberJob.objects.filter(state=NumberJob.State.QUEUED, due_at__lte=now)
    ids = [
        pk
        for pk, dispatched_at in forgotten.order_by("id").values_list("pk", "dispatched_at")[:500]
        if dispatched_at is None or dispatched_at <= long_ago
    ]
    if ids:
        hand_over(ids)


def free_silent() -> None:
    """Jobs whose worker was silent for longer than its lease may be taken by others."""
    now = timezone.now()
    silent = NumberJob.objects.filter(state=NumberJob.State.RUNNING, due_at__lte=now).update(
        state=NumberJob.State.QUEUED,
        lease_token=None,
        due_at=now,
        dispatched_at=None,
        outcome="The worker stopped; another one goes on.",
    )
    if silent:
        logger.warning("%d jobs about numbers lost their worker.", silent)
