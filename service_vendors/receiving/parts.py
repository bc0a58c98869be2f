"""Long messages that come in pieces: kept apart until they are whole, or waited for too long."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from service_vendors import conf
from service_vendors.models import MessagePart, Organization
from service_vendors.receiving.messages import Incoming, save_all, storable
from service_vendors.types import InboundMessage, InboundPart

ROUND: Final = 1_000


@dataclass(frozen=True, slots=True)
class Whole:
    """The parts of one long message that came, in order; ``rows`` has repeated ones too."""

    parts: tuple[MessagePart, ...]
    rows: tuple[int, ...]

    @classmethod
    def of(cls, found: list[MessagePart]) -> Whole:
        """From all rows of one message, oldest first: the first of each index counts."""
        by_index = {row.index: row for row in reversed(found)}
        return cls(tuple(by_index[i] for i in sorted(by_index)), tuple(row.pk for row in found))

    @property
    def is_complete(self) -> bool:
        """Whether no part is missing."""
        return len(self.parts) == self.parts[0].total


def add(organization: Organization, service: str, part: InboundPart) -> Whole | None:
    """Keep one part; the whole message when this was the last missing one.

    A repeated part is dropped. Must run in a transaction.
    """
    # Two parts of one message may be applied at once: whoever comes second must see the first.
    Organization.objects.select_for_update().get(pk=organization.pk)
    _, created = MessagePart.objects.get_or_create(
        organization=organization,
        service=service,
        service_id=part.service_id,
        defaults={
            "contact_number": part.contact_number,
            "user_number": part.user_number,
            "group": part.group,
            "index": part.index,
            "total": part.total,
            "text": storable(part.text),
            "sent_at": part.sent_at,
        },
    )
    if not created:
        return None
    whole = Whole.of(_waiting_like(organization, service, part))
    return whole if whole.is_complete else None


def deliver(organization: Organization, service: str, whole: Whole) -> None:
    """File the message that the parts make, and tie them to it. Must run in a transaction."""
    first = whole.parts[0]
    joined = InboundMessage(
        service_id=first.service_id,
        contact_number=first.contact_number,
        user_number=first.user_number,
        text="".join(part.text for part in whole.parts),
        sent_at=first.sent_at,
    )
    (message,) = save_all(
        [
            Incoming(
                organization,
                service,
                joined,
                at=first.created_at,
                is_incomplete=not whole.is_complete,
            )
        ]
    )
    MessagePart.objects.filter(pk__in=whole.rows).update(message=message)


def deliver_incomplete() -> int:
    """File what came of messages whose other parts were waited for too long; how many."""
    long_ago = timezone.now() - timedelta(seconds=conf.seconds("PART_TIMEOUT_SECONDS"))
    late = MessagePart.objects.filter(message__isnull=True, created_at__lt=long_ago)
    delivered = 0
    for seen in late.select_related("organization").order_by("pk")[:ROUND]:
        with transaction.atomic():
            Organization.objects.select_for_update().get(pk=seen.organization_id)
            found = _waiting_like(seen.organization, seen.service, seen)
            if found:
                deliver(seen.organization, seen.service, Whole.of(found))
                delivered += 1
    return delivered


def _waiting_like(
    organization: Organization, service: str, part: InboundPart | MessagePart
) -> list[MessagePart]:
    """The parts of the same message that no message was made from yet, oldest first."""
    return list(
        MessagePart.objects.filter(
            organization=organization,
            service=service,
            contact_number=part.contact_number,
            user_number=part.user_number,
            group=part.group,
            total=part.total,
            message__isnull=True,
        ).order_by("pk")
    )
