"""Filing a contact's message: stored once, attached to its conversation, its wish obeyed."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction

from service_vendors import optouts
from service_vendors.managers.registry import managers_of
from service_vendors.models import (
    Contact,
    Message,
    Organization,
    OrganizationContact,
    SendStatus,
)
from service_vendors.types import InboundMessage, Keyword


def save_incoming(
    organization: Organization,
    service: str,
    incoming: InboundMessage,
    *,
    at: datetime,
    is_incomplete: bool = False,
) -> Message:
    """Store a contact's message and do what it asks, once; the stored message.

    Must run in a transaction.
    """
    latest = _latest_outbound(organization, incoming)
    message = Message(
        organization=organization,
        contact=latest.contact if latest else _contact(organization, incoming.contact_number),
        contact_number=incoming.contact_number,
        user_number=incoming.user_number,
        is_from_contact=True,
        text=storable(incoming.text),
        media=[
            {"url": storable(m.url), "content_type": storable(m.content_type)}
            for m in incoming.media
        ],
        service=service,
        service_id=incoming.service_id,
        messageservice_sid=incoming.messageservice_sid,
        send_status=SendStatus.DELIVERED,
        created_at=at,
        sent_at=incoming.sent_at,
        service_response_at=at,
        is_incomplete=is_incomplete,
    )
    try:
        with transaction.atomic():
            message.save(force_insert=True)
    except IntegrityError:
        return Message.objects.get(
            organization=organization,
            service=service,
            service_id=incoming.service_id,
            is_from_contact=True,
        )
    _know_number(organization, service, incoming)
    _obey(organization, message, incoming.keyword)
    for manager in managers_of(organization):
        manager.on_message_received(message)
    return message


def storable(text: str) -> str:
    """Text from outside as PostgreSQL takes it: a NUL character becomes a visible stand-in."""
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}")


def _obey(organization: Organization, message: Message, keyword: Keyword | None) -> None:
    match keyword or optouts.keyword_in(message.text):
        case Keyword.STOP:
            optouts.stop(organization, message.contact_number, message=message)
        case Keyword.START:
            optouts.start(organization, message.contact_number)
        case Keyword.HELP | None:
            return


def _latest_outbound(organization: Organization, incoming: InboundMessage) -> Message | None:
    talk = Message.objects.filter(
        organization=organization, contact_number=incoming.contact_number, is_from_contact=False
    )
    return talk.select_related("contact").order_by("-pk").first()


def _contact(organization: Organization, cell: str) -> Contact | None:
    found = Contact.objects.filter(
        campaign__organization=organization, campaign__is_archived=False, cell=cell
    )
    return found.order_by("-pk").first()


def _know_number(organization: Organization, service: str, incoming: InboundMessage) -> None:
    OrganizationContact.objects.update_or_create(
        organization=organization,
        contact_number=incoming.contact_number,
        defaults={"service": service, "user_number": incoming.user_number},
    )
