"""Delivery reports, and what they teach about a message and its contact's number.

Reports may come in any order, repeatedly, and before the send call's own answer: the message ends
the same. A status only rises (SENT < ERROR < DELIVERED); of several errors the lowest code stays.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from service_vendors import optouts
from service_vendors.managers.registry import managers_of
from service_vendors.models import (
    STATUS_RANK,
    Message,
    OptOut,
    Organization,
    OrganizationContact,
    SendStatus,
)
from service_vendors.types import DeliveryReport, ReportStatus
from service_vendors.vendors import registry

OF_REPORT: Final = {
    ReportStatus.SENT: SendStatus.SENT,
    ReportStatus.DELIVERED: SendStatus.DELIVERED,
    ReportStatus.ERROR: SendStatus.ERROR,
}


def apply_report(
    organization: Organization | None, service: str, report: DeliveryReport
) -> Message | None:
    """Apply a delivery report to the message it is about; None when there is no such message.

    Without an organization (the environment's account), every organization's messages count.
    """
    with transaction.atomic():
        message = _message_of(organization, service, report)
        if message is None:
            return None
        if report.service_id and not message.service_id:
            message.service_id = report.service_id
        if report.user_number and not message.user_number:
            message.user_number = report.user_number
        message.sent_at = message.sent_at or report.occurred_at or timezone.now()
        message.service_response_at = timezone.now()
        raise_status(message, report, words_for=partial(in_words, service))
        message.save(
            update_fields=(
                "service_id",
                "user_number",
                "sent_at",
                "service_response_at",
                "send_status",
                "error_code",
                "status_reason",
                "due_at",
            )
        )
        if report.status is ReportStatus.ERROR:
            note_error(message, report.error_code, opted_out=report.opted_out)
        for manager in managers_of(message.organization):
            manager.on_delivery_report(message, report)
    return message


def _message_of(
    organization: Organization | None, service: str, report: DeliveryReport
) -> Message | None:
    """The message, locked. Another organization's message is no message."""
    messages = Message.objects.select_for_update(of=("self",)).select_related("organization")
    messages = messages.filter(is_from_contact=False, service=service)
    if organization is not None:
        messages = messages.filter(organization=organization)
    if report.reference:
        try:
            reference = UUID(report.reference)
        except ValueError:
            reference = None
        if reference and (message := messages.filter(reference=reference).first()):
            return message
    if not report.service_id:
        return None
    return messages.filter(service_id=report.service_id).first()


def raise_status(
    message: Message, report: DeliveryReport, *, words_for: Callable[[int], str]
) -> None:
    """Move an unsaved message to what a report says, if that ranks above what is known of it."""
    now, then, code = SendStatus(message.send_status), OF_REPORT[report.status], report.error_code
    if now is then is SendStatus.ERROR and code is not None:
        known = message.error_code
        message.error_code = code if known is None else min(known, code)
        message.status_reason = words_for(message.error_code)
        return
    if STATUS_RANK[then] <= STATUS_RANK[now]:
        return
    message.send_status = then
    message.error_code = code if then is SendStatus.ERROR else None
    message.status_reason = "" if message.error_code is None else words_for(message.error_code)
    message.due_at = None


def in_words(service: str, code: int) -> str:
    """What a vendor's error code means."""
    return registry.vendor_class(service).error_description(code).description


def note_error(message: Message, code: int | None, *, opted_out: bool) -> None:
    """Remember at the contact's number what a failed message taught about it."""
    if code is not None:
        OrganizationContact.objects.update_or_create(
            organization_id=message.organization_id,
            contact_number=message.contact_number,
            defaults={"last_error_code": code, "service": message.service},
        )
    if opted_out:
        optouts.stop(
            message.organization,
            message.contact_number,
            source=OptOut.Source.VENDOR,
            message=message,
        )
