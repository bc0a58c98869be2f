"""Filing contacts' messages: stored once, attached to their conversations, their wishes obeyed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max

from service_vendors import optouts
from service_vendors.managers.base import ServiceManager
from service_vendors.managers.registry import managers_of
from service_vendors.models import (
    Contact,
    Message,
    Organization,
    OrganizationContact,
    SendStatus,
)
from service_vendors.models.among import Among
from service_vendors.models.rows import insert_all
from service_vendors.types import InboundMessage, Keyword


@dataclass(frozen=True, slots=True)
class Incoming:
    """A contact's message that came in, and to whom."""

    organization: Organization
    service: str
    message: InboundMessage
    at: datetime
    is_incomplete: bool = False

    @property
    def key(self) -> tuple[int, str, str]:
        """What makes two of them the same message."""
        return self.organization.pk, self.service, self.message.service_id

    @property
    def talk(self) -> tuple[int, str]:
        """Whose conversation with whom it belongs to."""
        return self.organization.pk, self.message.contact_number


def save_all(incoming: Sequence[Incoming]) -> list[Message]:
    """Store contacts' messages and do what they ask, each once; the stored message of each.

    Must run in a transaction. Raises IntegrityError when somebody else stores one of them now.
    """
    if not incoming:
        return []
    stored = _stored(incoming)
    first: dict[object, Incoming] = {}
    for one in incoming:
        if one.key not in stored:
            first.setdefault(one.key if one.message.service_id else object(), one)
    new = list(first.values())
    contacts = _contacts(new)
    messages = [_message(one, contacts.get(one.talk)) for one in new]
    insert_all(messages)
    _know_numbers(new)
    managers: dict[int, list[ServiceManager]] = {}
    for one, message in zip(new, messages, strict=True):
        stored[one.key] = message
        _obey(one.organization, message, one.message.keyword)
        if one.organization.pk not in managers:
            managers[one.organization.pk] = list(managers_of(one.organization))
        for manager in managers[one.organization.pk]:
            manager.on_message_received(message)
    return [stored[one.key] for one in incoming]


def storable(text: str) -> str:
    """Text from outside as PostgreSQL takes it: a NUL character becomes a visible stand-in."""
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}")


def _stored(incoming: Sequence[Incoming]) -> dict[tuple[int, str, str], Message]:
    """Those of the messages that came before, in whatever wrapping."""
    found = Message.objects.filter(
        organization__in={one.organization.pk for one in incoming},
        service__in={one.service for one in incoming},
        service_id__in={one.message.service_id for one in incoming},
        is_from_contact=True,
    ).exclude(service_id="")
    return {(m.organization_id, m.service, m.service_id): m for m in found}


def _contacts(incoming: Sequence[Incoming]) -> dict[tuple[int, str], int | None]:
    """The contact of each conversation: the one that was texted last, or else the newest of that
    number in a campaign that is not archived.
    """
    organizations = {one.organization.pk for one in incoming}
    numbers = {one.message.contact_number for one in incoming}
    latest = (
        Message.objects.filter(
            Among("contact_number", numbers),
            organization__in=organizations,
            is_from_contact=False,
        )
        .values("organization", "contact_number")
        .annotate(latest=Max("pk"))
        .values("latest")
    )
    found: dict[tuple[int, str], int | None] = {
        (organization, number): contact
        for organization, number, contact in Message.objects.filter(pk__in=latest).values_list(
            "organization", "contact_number", "contact"
        )
    }
    unknown = {number for one in incoming if one.talk not in found for number in one.talk[1:]}
    if unknown:
        known = Contact.objects.filter(
            Among("cell", unknown),
            campaign__organization__in=organizations,
            campaign__is_archived=False,
        )
        newest: dict[tuple[int, str], int | None] = {
            (organization, cell): pk
            for organization, cell, pk in known.order_by("pk").values_list(
                "campaign__organization", "cell", "pk"
            )
        }
        found = newest | found
    return found


def _message(one: Incoming, contact_id: int | None) -> Message:
    said = one.message
    return Message(
        organization=one.organization,
        contact_id=contact_id,
        contact_number=said.contact_number,
        user_number=said.user_number,
        is_from_contact=True,
        text=storable(said.text),
        media=[
            {"url": storable(m.url), "content_type": storable(m.content_type)} for m in said.media
        ],
        service=one.service,
        service_id=said.service_id,
        messageservice_sid=said.messageservice_sid,
        send_status=SendStatus.DELIVERED,
        created_at=one.at,
        sent_at=said.sent_at,
        service_response_at=one.at,
        is_incomplete=one.is_incomplete,
    )


def _know_numbers(incoming: Sequence[Incoming]) -> None:
    """Remember of each number over which vendor and to which of our numbers it texted last."""
    last = {one.talk: one for one in incoming}
    # Most often nothing is new, and whoever writes a row keeps others from it.
    known = OrganizationContact.objects.filter(
        Among("contact_number", {number for _, number in last}),
        organization__in={organization for organization, _ in last},
    ).values_list("organization", "contact_number", "service", "user_number")
    for organization_id, number, service, user_number in known:
        one = last.get((organization_id, number))
        if one and (service, user_number) == (one.service, one.message.user_number):
            del last[organization_id, number]
    OrganizationContact.objects.bulk_create(
        [
            OrganizationContact(
                organization=one.organization,
                contact_number=number,
                service=one.service,
                user_number=one.message.user_number,
            )
            # In one order: two workers that wait for each other would wait for good.
            for (_, number), one in sorted(last.items(), key=lambda item: item[0])
        ],
        update_conflicts=True,
        unique_fields=("organization", "contact_number"),
        update_fields=("service", "user_number"),
    )


def _obey(organization: Organization, message: Message, keyword: Keyword | None) -> None:
    match keyword or optouts.keyword_in(message.text):
        case Keyword.STOP:
            optouts.stop(organization, message.contact_number, message=message)
        case Keyword.START:
            optouts.start(organization, message.contact_number)
        case Keyword.HELP | None:
            return
