"""Claims on numbers: who asks a vendor about one, so that nobody else pays for the same answer.

A claim is committed before the vendor is called. All claims at one vendor pass through its gate,
which keeps to the most at once and the most in a second, however many processes ask.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone

from service_vendors import conf
from service_vendors.lookups.offers import Offer
from service_vendors.models import LookupClaim, LookupGate, Organization

# Enough for whoever could not be let in to look again.
SOON_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class Claim:
    """Numbers that are ours to ask about until ``until``.

    Those left out are asked about by others now (``held``), or there was no room for them: then
    it is no use to come back before ``wait_seconds`` have passed.
    """

    token: UUID
    numbers: tuple[str, ...] = ()
    held: frozenset[str] = frozenset()
    wait_seconds: float = SOON_SECONDS


def take(organization: Organization, offer: Offer, numbers: Sequence[str]) -> Claim:
    """Claim as many of the numbers as may be asked about now, in their order.

    Must not run in a transaction: what is not committed keeps nobody from paying.
    """
    token, service = uuid4(), offer.vendor_class.name
    LookupGate.objects.get_or_create(service=service)
    with transaction.atomic(durable=True):
        gate = LookupGate.objects.select_for_update().get(service=service)
        now = timezone.now()
        held = frozenset(
            LookupClaim.objects.filter(
                organization=organization, contact_number__in=numbers, until__gt=now
            ).values_list("contact_number", flat=True)
        )
        free = [number for number in dict.fromkeys(numbers) if number not in held]
        room, wait_seconds = _room(gate, now)
        ours = tuple(free[:room])
        if ours:
            # What is left of a claim that ran out makes way.
            LookupClaim.objects.filter(organization=organization, contact_number__in=ours).delete()
            LookupClaim.objects.bulk_create(
                LookupClaim(
                    organization=organization,
                    contact_number=number,
                    service=service,
                    token=token,
                    until=now + timedelta(seconds=conf.seconds("LOOKUP_LEASE_SECONDS")),
                )
                for number in ours
            )
            gate.opens_at = now + timedelta(seconds=len(ours) / _per_second(offer))
            gate.save(update_fields=("opens_at",))
    return Claim(token, ours, held, wait_seconds)


def release(organization: Organization, claim: Claim, *, in_doubt: Collection[str] = ()) -> None:
    """Give numbers back whose answers are written down. Those in doubt stay held for a lease."""
    mine = LookupClaim.objects.filter(organization=organization, token=claim.token)
    if in_doubt:
        until = timezone.now() + timedelta(seconds=conf.seconds("LOOKUP_LEASE_SECONDS"))
        mine.filter(contact_number__in=in_doubt).update(is_asking=False, until=until)
    mine.filter(is_asking=True).delete()


def close_gate(offer: Offer, seconds: float) -> None:
    """Let nobody begin a lookup at the vendor for so long: it asked for a pause."""
    until = timezone.now() + timedelta(seconds=seconds)
    LookupGate.objects.filter(service=offer.vendor_class.name, opens_at__lt=until).update(
        opens_at=until
    )


def held_until(organization: Organization, number: str) -> datetime | None:
    """Until when somebody else's claim keeps a number from being asked about; None for no claim."""
    return (
        LookupClaim.objects.filter(
            organization=organization, contact_number=number, until__gt=timezone.now()
        )
        .values_list("until", flat=True)
        .first()
    )


def delete_ended() -> None:
    """Forget claims that ran out."""
    LookupClaim.objects.filter(until__lte=timezone.now()).delete()


def _room(gate: LookupGate, now: datetime) -> tuple[int, float]:
    """How many lookups may begin now, and when to come back if there is no room."""
    closed_seconds = (gate.opens_at - now).total_seconds()
    if closed_seconds > 0:
        return 0, closed_seconds
    under_way = LookupClaim.objects.filter(
        service=gate.service, until__gt=now, is_asking=True
    ).count()
    return max(0, conf.whole("LOOKUPS_AT_ONCE") - under_way), SOON_SECONDS


def _per_second(offer: Offer) -> float:
    """The most lookups of a second: the installation's limit, or the vendor's own if it is less."""
    ours, theirs = conf.whole("LOOKUPS_PER_SECOND"), offer.vendor_class.most_lookups_per_second
    return min(ours, theirs) if theirs else ours
