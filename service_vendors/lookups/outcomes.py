"""What becomes of a job's numbers, written down by whoever holds the job, with the sums."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from django.db import transaction
from django.db.models import F, QuerySet

from service_vendors import conf
from service_vendors.lookups import asking, knowledge, lease
from service_vendors.lookups.offers import Offer
from service_vendors.models import LookupItem, LookupJob, OrganizationContact
from service_vendors.types import ContactInfo, LookupDetail

_SUMS: Final = ("known", "looked_up", "failed", "in_doubt", "found", "failures")
State = LookupItem.State


def without_known(job: LookupJob, items: Sequence[LookupItem]) -> list[LookupItem]:
    """Those of the waiting numbers that must be asked about; the others end here.

    Raises LeaseLost.
    """
    numbers = [item.contact_number for item in items]
    known = knowledge.fresh(job.organization, numbers, LookupDetail(job.detail))
    if known:
        with lease.holding(job):
            for status_code, of_status in _by_status(known).items():
                job.items.filter(contact_number__in=of_status, state=State.WAITING).update(
                    state=State.KNOWN, status_code=status_code, reason=""
                )
            _add_up(job, known=len(known), found=known)
    return [item for item in items if item.contact_number not in known]


def mark_as_asked(job: LookupJob, items: Sequence[LookupItem]) -> list[str]:
    """Note, before anything is said to the vendor, which numbers it is asked. Raises LeaseLost."""
    with lease.holding(job):
        job.items.filter(pk__in=[item.pk for item in items]).update(
            state=State.ASKING, attempts=F("attempts") + 1
        )
    return [item.contact_number for item in items]


def record(job: LookupJob, offer: Offer, answers: Mapping[str, asking.Answer]) -> None:
    """Write down what the vendor answered, all of it at once.

    What it told is learned even when the lease is lost by now. Raises LeaseLost.
    """
    told = {n: answer.info for n, answer in answers.items() if isinstance(answer, asking.Told)}
    try:
        with lease.holding(job):
            _record(job, offer, answers, told)
    except lease.LeaseLost:
        with transaction.atomic():
            knowledge.learn(job.organization, job.service, offer.detail, told)
        raise


def _record(
    job: LookupJob,
    offer: Offer,
    answers: Mapping[str, asking.Answer],
    told: Mapping[str, ContactInfo],
) -> None:
    lost = {n: a.reason for n, a in answers.items() if isinstance(a, asking.InDoubt)}
    refused = {n: a.reason for n, a in answers.items() if isinstance(a, asking.Refused)}
    later = {n: a.reason for n, a in answers.items() if isinstance(a, asking.Later)}
    unasked = [n for n, a in answers.items() if isinstance(a, asking.NotReady)]
    learned = knowledge.learn(job.organization, job.service, offer.detail, told)
    for status_code, numbers in _by_status(learned).items():
        _asked(job, numbers).update(state=State.LOOKED_UP, status_code=status_code, reason="")
    _end(job, lost, State.IN_DOUBT)
    _end(job, refused, State.FAILED)
    # While the vendor answers nobody, it is not the numbers' fault.
    is_away = bool(later) and not (told or refused)
    given_up = 0 if is_away else _give_up(job, later)
    _asked(job, [*unasked, *(later if is_away else ())]).update(
        state=State.WAITING, attempts=F("attempts") - 1
    )
    _asked(job, list(later)).update(state=State.WAITING)
    job.failures = job.failures + 1 if is_away else 0
    failed = len(refused) + given_up
    _add_up(job, looked_up=len(told), failed=failed, in_doubt=len(lost), found=learned)


def _give_up(job: LookupJob, reasons: Mapping[str, str]) -> int:
    """Let numbers fail that had enough tries; how many these are."""
    most = conf.whole("LOOKUP_MAX_ATTEMPTS")
    tired = _asked(job, list(reasons)).filter(attempts__gte=most)
    numbers = list(tired.values_list("contact_number", flat=True))
    _end(job, {n: f"Gave up after {most} tries. {reasons[n]}" for n in numbers}, State.FAILED)
    return len(numbers)


def _end(job: LookupJob, reasons: Mapping[str, str], state: LookupItem.State) -> None:
    """Let numbers end without an answer, each with its reason; most have the same."""
    for reason in set(reasons.values()):
        numbers = [number for number, one in reasons.items() if one == reason]
        _asked(job, numbers).update(state=state, reason=reason[:500])


def _asked(job: LookupJob, numbers: Sequence[str]) -> QuerySet[LookupItem]:
    return job.items.filter(contact_number__in=numbers, state=State.ASKING)


def _by_status(contacts: Mapping[str, OrganizationContact]) -> dict[int | None, list[str]]:
    found: dict[int | None, list[str]] = {}
    for number, contact in contacts.items():
        found.setdefault(contact.status_code, []).append(number)
    return found


def _add_up(
    job: LookupJob,
    *,
    known: int = 0,
    looked_up: int = 0,
    failed: int = 0,
    in_doubt: int = 0,
    found: Mapping[str, OrganizationContact],
) -> None:
    """Add to the job's sums, in the transaction that changes the numbers."""
    counted = Counter(job.found)
    counted.update(str(c.status_code) for c in found.values() if c.status_code is not None)
    job.found = dict(counted)
    job.known += known
    job.looked_up += looked_up
    job.failed += failed
    job.in_doubt += in_doubt
    job.save(update_fields=_SUMS)
