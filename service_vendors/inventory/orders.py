"""Accepting requests about numbers: checked, written down as a job, handed to the workers.

Who may ask is decided by whoever calls: pages and API by role, commands by being run at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from typing import Any, Final

import phonenumbers
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.utils import timezone

from service_vendors import phone
from service_vendors.configuration import get_config
from service_vendors.exceptions import NumbersConflict, NumbersRefused
from service_vendors.inventory import comparing, jobs, limits, releasing
from service_vendors.managers.registry import decide_on_buying
from service_vendors.models import OPEN_STATES, NumberJob, Organization
from service_vendors.phone import InvalidPhoneNumber

MOST_RELEASED: Final = 10_000


def order_purchase(
    organization: Organization,
    area_code: str,
    limit: int,
    *,
    actor: AbstractBaseUser | None,
    price_each: Decimal | None = None,
    idempotency_key: str | None = None,
    hand_over: bool = True,
) -> NumberJob:
    """Accept an order to buy up to ``limit`` numbers of an area code.

    ``price_each`` is the monthly price that was agreed to: the order stops at a dearer number.
    With ``hand_over`` off the caller works on the job itself (``follow``).
    A repeated ``idempotency_key`` returns the job of the first call.

    Raises NumbersRefused: the inventory is off, the area code is none, a limit would be broken.
    """
    service = limits.service_of(organization)
    area_code = checked_area_code(organization, area_code)
    decided = decide_on_buying(organization, service, area_code, limit)
    job = NumberJob(
        organization=organization,
        kind=NumberJob.Kind.BUY,
        service=service,
        area_code=area_code,
        limit=limit,
        price_each=price_each,
        messageservice_sid=decided.messageservice_sid or "",
    )
    return _accept(job, actor, idempotency_key, hand_over=hand_over)


def order_release(
    organization: Organization,
    area_code: str,
    limit: int,
    *,
    numbers: Sequence[str] = (),
    actor: AbstractBaseUser | None,
    idempotency_key: str | None = None,
    hand_over: bool = True,
) -> NumberJob:
    """Accept a request to give back up to ``limit`` numbers of an area code that serve nothing.

    ``numbers`` names them (E.164) instead of the area code. As ``order_purchase`` otherwise.
    """
    service = limits.service_of(organization)
    if not 1 <= limit <= MOST_RELEASED:
        raise NumbersRefused(f"1 to {MOST_RELEASED} numbers are released at a time.")
    job = NumberJob(
        organization=organization,
        kind=NumberJob.Kind.RELEASE,
        service=service,
        area_code="" if numbers else checked_area_code(organization, area_code),
        limit=min(limit, len(numbers)) if numbers else limit,
        details={releasing.NUMBERS: sorted(numbers)} if numbers else {},
    )
    return _accept(job, actor, idempotency_key, hand_over=hand_over)


def order_comparison(
    organization: Organization,
    *,
    actor: AbstractBaseUser | None,
    adopt_shared: bool = False,
    idempotency_key: str | None = None,
    hand_over: bool = True,
) -> NumberJob:
    """Accept a request to compare the numbers here with those at the vendor. It changes nothing.

    ``adopt_shared`` takes strays of an account that several organizations share; for operators.
    """
    job = NumberJob(
        organization=organization,
        kind=NumberJob.Kind.COMPARE,
        service=limits.service_of(organization),
        details={comparing.ADOPT_SHARED: True} if adopt_shared else {},
    )
    return _accept(job, actor, idempotency_key, hand_over=hand_over)


def order_sync(
    comparison: NumberJob,
    *,
    actor: AbstractBaseUser | None,
    idempotency_key: str | None = None,
    hand_over: bool = True,
) -> NumberJob:
    """Accept a request to apply what a comparison found: that, and nothing that came since."""
    organization = comparison.organization
    service = limits.service_of(organization)
    if (
        comparison.kind != NumberJob.Kind.COMPARE
        or comparison.state != NumberJob.State.DONE
        or comparison.service != service
    ):
        raise NumbersRefused("Compare with the vendor first, and look at the difference.")
    found = comparison.details
    seen = {
        comparing.GONE: [one["phone_number"] for one in found.get(comparing.GONE, [])],
        comparing.FOUND: [one["phone_number"] for one in found.get(comparing.FOUND, [])],
        comparing.CHANGED: found.get(comparing.CHANGED, []),
        comparing.ADOPT_SHARED: found.get(comparing.ADOPT_SHARED, False),
        "comparison": comparison.reference.hex,
    }
    job = NumberJob(
        organization=organization,
        kind=NumberJob.Kind.SYNC,
        service=service,
        limit=sum(len(seen[kind]) for kind in (comparing.GONE, comparing.FOUND, comparing.CHANGED)),
        details=seen,
    )
    return _accept(job, actor, idempotency_key, hand_over=hand_over)


def cancel(job: NumberJob) -> None:
    """Wish that a job stops. What is under way is brought to its end first, then it says so."""
    now = timezone.now()
    NumberJob.objects.filter(
        pk=job.pk, state__in=OPEN_STATES, cancel_requested_at__isnull=True
    ).update(cancel_requested_at=now)
    waiting = NumberJob.objects.filter(pk=job.pk, state=NumberJob.State.QUEUED)
    # What is in doubt keeps its pause: the vendor may still be at it.
    if not job.intents.filter(settled_at__isnull=True, in_doubt=True).exists():
        waiting.update(due_at=now)
    jobs.hand_over([job.pk])
    job.refresh_from_db()


def checked_area_code(organization: Organization, text: str) -> str:
    """An area code as it is kept. Raises NumbersRefused when it is none in the country."""
    country = str(get_config("PHONE_NUMBER_COUNTRY", organization))
    try:
        begins = phone.beginning(text, country)
    except InvalidPhoneNumber as error:
        raise NumbersRefused(str(error)) from error
    return begins.removeprefix(f"+{phonenumbers.country_code_for_region(country.upper())}")


def _accept(
    job: NumberJob, actor: AbstractBaseUser | None, key: str | None, *, hand_over: bool
) -> NumberJob:
    job.actor_id = actor.pk if actor else None
    job.actor_name = actor.get_username() if actor else "the command line"
    job.idempotency_key = key
    if not hand_over:
        job.dispatched_at = timezone.now()
    if key is not None and (first := _earlier(job, key)):
        return first
    try:
        with transaction.atomic():
            if job.kind == NumberJob.Kind.BUY:
                # The lock: two orders at once must not both see the same room.
                locked = Organization.objects.select_for_update().get(pk=job.organization_id)
                limits.check_purchase(locked, job.limit)
            job.save(force_insert=True)
            if hand_over:
                transaction.on_commit(partial(jobs.hand_over, [job.pk]), robust=True)
    except IntegrityError:
        if key is None or not (first := _earlier(job, key)):
            raise
        return first
    return job


def _earlier(job: NumberJob, key: str) -> NumberJob | None:
    """The job that used this key first. Raises NumbersConflict when it was something else."""
    first = NumberJob.objects.filter(
        organization_id=job.organization_id, idempotency_key=key
    ).first()
    if first is None:
        return None
    if _asks(first) != _asks(job):
        raise NumbersConflict(
            "This idempotency key was used for a different request. Use a new key."
        )
    return first


def _asks(job: NumberJob) -> tuple[Any, ...]:
    return (
        job.kind,
        job.area_code,
        job.limit,
        job.details.get(releasing.NUMBERS),
        job.details.get("comparison"),
    )
