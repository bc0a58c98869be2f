"""Buying: an intent for every few numbers, the vendor's call under its reference, the record.

Whatever dies in between, the vendor is called again under the same reference and goes on where it
was; an intent is only left behind when it is known what became of it.
"""

from __future__ import annotations

from typing import Final

from django.db import transaction

from service_vendors.configuration import vendor_of
from service_vendors.exceptions import (
    NumbersRefused,
    SendUncertain,
    TransientVendorError,
    VendorError,
)
from service_vendors.inventory import allocation, records, releasing
from service_vendors.inventory.lease import Ended, Later, Lease, MoreToDo, Step
from service_vendors.models import NumberIntent, NumberJob, OwnedPhoneNumber
from service_vendors.references import new_reference
from service_vendors.vendors import registry
from service_vendors.vendors.base import ServiceVendor

# Numbers a vendor is asked for at once; between two such calls an order can be cancelled.
AT_ONCE: Final = 10


class _TooDear(Exception):
    """A number costs more than was shown before the money was spent."""


def work(job: NumberJob, lease: Lease) -> Step:
    """One turn of a purchase. Raises LeaseLost."""
    vendor = vendor_of(job.organization, job.service)
    while True:
        job.refresh_from_db(fields=("done", "cancel_requested_at", "details"))
        intent = job.intents.filter(settled_at__isnull=True).first()
        if intent is None:
            if job.done >= job.limit or job.cancel_requested_at:
                return _finish(job, lease)
            if lease.is_turn_over:
                return MoreToDo()
            intent = _intend(job, lease)
        was_doubtful = intent.in_doubt
        try:
            if job.cancel_requested_at:
                _close(vendor, intent, lease, was_doubtful=was_doubtful)
                continue
            if not _buy(vendor, job, intent, lease):
                return _finish(job, lease, _sold_out(job))
        except (SendUncertain, TransientVendorError) as error:
            return records.put_off(intent, lease, error, was_doubtful=was_doubtful)
        except (VendorError, _TooDear) as error:
            try:
                settle_by_asking(vendor, intent, lease)
            except VendorError as unanswered:
                if was_doubtful or isinstance(error, _TooDear):
                    return Later(str(unanswered), in_doubt=True)
                records.settle(intent, lease)  # it refuses whatever it is asked
            return _finish(job, lease, str(error))


def ending(job: NumberJob, why: str = "") -> Ended:
    """How a purchase ended, in words; ``why`` is why it stopped short."""
    job.refresh_from_db(fields=("done", "cancel_requested_at", "details"))
    state, where = NumberJob.State, f" in {job.area_code}"
    words = f"Bought {job.done} of {job.limit}{where}"
    if job.done >= job.limit:
        ended = Ended(state.DONE, f"Bought {job.done}{where}. {why}".strip())
    elif job.cancel_requested_at and not why:
        ended = Ended(state.CANCELLED, f"{words}, then it was cancelled.")
    else:
        ended = Ended(state.PARTLY if job.done else state.FAILED, f"{words}: {why}")
    if conflicts := job.details.get(records.CONFLICTS):
        told = ", ".join(conflicts)
        return Ended(
            ended.state,
            f"{ended.words} The vendor says that {told} is yours, but it is recorded with another "
            "organization. Ask the operators of this installation.",
        )
    return ended


def bought_by(job: NumberJob) -> list[str]:
    """The numbers that an order bought and that are still ours."""
    bought = OwnedPhoneNumber.objects.filter(bought_under__job=job).order_by("phone_number")
    return list(bought.values_list("phone_number", flat=True))


def settle_by_asking(vendor: ServiceVendor, intent: NumberIntent, lease: Lease) -> None:
    """Record what was bought under an intent's reference, buy nothing, and settle it.

    Raises VendorError when the vendor cannot be asked.
    """
    for number in lease.each(vendor.list_bought_numbers(str(intent.reference))):
        records.record_purchase(intent, number, lease)
    records.settle(intent, lease)


def _intend(job: NumberJob, lease: Lease) -> NumberIntent:
    with transaction.atomic():
        lease.hold()
        return NumberIntent.objects.create(
            job=job,
            reference=new_reference().hex,
            quantity=min(AT_ONCE, job.limit - job.done),
        )


def _buy(vendor: ServiceVendor, job: NumberJob, intent: NumberIntent, lease: Lease) -> bool:
    """Buy an intent's numbers, each recorded before the next; False when there are no more.

    Raises VendorError and _TooDear.
    """
    records.doubt(intent, lease, in_doubt=True)
    seen, is_over = 0, True
    numbers = vendor.buy_numbers_in_area_code(job.area_code, intent.quantity, str(intent.reference))
    for number in lease.each(numbers):
        records.record_purchase(intent, number, lease)
        seen += 1
        if job.price_each is not None and (number.monthly_price or 0) > job.price_each:
            raise _TooDear(
                f"{vendor.title} asks {number.monthly_price} a month for one, more than the "
                f"{job.price_each.normalize():f} that was agreed to."
            )
        job.refresh_from_db(fields=("cancel_requested_at",))
        if job.cancel_requested_at and seen < intent.quantity:
            is_over = False
            break
    if is_over:
        records.settle(intent, lease)
    else:  # a vendor that buys many at once has bought more than it told of
        settle_by_asking(vendor, intent, lease)
    return seen >= intent.quantity or job.cancel_requested_at is not None


def _finish(job: NumberJob, lease: Lease, why: str = "") -> Step:
    """The last thing: numbers go into the pool that service managers decided on."""
    ended = ending(job, why)
    if not job.messageservice_sid:
        return ended
    bought = OwnedPhoneNumber.objects.filter(
        releasing.AVAILABLE, bought_under__job=job, organization_id=job.organization_id
    )
    numbers = list(bought.values_list("phone_number", flat=True))
    try:
        if numbers:
            allocation.put_into_pool(
                job.organization, job.service, job.messageservice_sid, numbers, ask=lease.run
            )
    except (TransientVendorError, SendUncertain) as error:
        return Later(str(error))
    except (VendorError, NumbersRefused) as error:
        return Ended(ended.state, f"{ended.words} They are not in their messaging service: {error}")
    return ended


def _close(
    vendor: ServiceVendor, intent: NumberIntent, lease: Lease, *, was_doubtful: bool
) -> None:
    """Leave an intent behind without buying any more under it."""
    if was_doubtful:
        settle_by_asking(vendor, intent, lease)
    else:
        records.settle(intent, lease)


def _sold_out(job: NumberJob) -> str:
    title = registry.vendor_class(job.service).title
    return f"{title} has no {'more ' if job.done else ''}numbers in {job.area_code}."
