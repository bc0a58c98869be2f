"""Messages that are about to be sent, and what the managers decide about them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from service_vendors.managers import registry
from service_vendors.models import Message, Organization, OwnedPhoneNumber
from service_vendors.phone import area_code

SERVICE = "scripted"


def numbers_of(
    organization: Organization, phone_numbers: Iterable[str], **columns: Any
) -> list[str]:
    """The organization owns these numbers."""
    rows = [
        OwnedPhoneNumber(
            organization=organization,
            phone_number=number,
            service_id=f"id-of-{number}",
            area_code=area_code(number),
            **{"service": SERVICE, **columns},
        )
        for number in phone_numbers
    ]
    OwnedPhoneNumber.objects.bulk_create(rows)
    return [row.phone_number for row in rows]


def messages_to(
    organization: Organization, contacts: Iterable[str], **columns: Any
) -> list[Message]:
    """A message to each of the contacts, as if a worker had claimed it."""
    return Message.objects.bulk_create(
        Message(
            organization=organization,
            contact_number=contact,
            text="Will you vote on Tuesday?",
            **{"service": SERVICE, **columns},
        )
        for contact in contacts
    )


def senders(messages: Sequence[Message]) -> list[str | None]:
    """The number each message goes from, as far as managers decided it."""
    organization, service = messages[0].organization, messages[0].service
    decided = registry.decide_on_send(organization, service, messages)
    return [decided[message].user_number for message in messages]
