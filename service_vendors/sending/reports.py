"""Delivery reports, and what they teach about a message and its contact's number.

Reports may come in any order, repeatedly, and before the send call's own answer: the message ends
the same. A status only rises (SENT < ERROR < DELIVERED); of several errors the lowest code stays.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from service_vendors.managers.base import ServiceManager
from service_vendors.managers.registry import managers_of
from service_vendors.models import STATUS_RANK, Message, Organization, SendStatus
from service_vendors.models.rows import update_each
from service_vendors.sending import history
from service_vendors.sending.lessons import Lesson, learn
from service_vendors.types import DeliveryReport, ReportStatus
from service_vendors.vendors import registry

OF_REPORT: Final = {
    ReportStatus.SENT: SendStatus.SENT,
    ReportStatus.DELIVERED: SendStatus.DELIVERED,
    ReportStatus.ERROR: SendStatus.ERROR,
}

_REPORTED: Final = (
    "service",
    "service_id",
    "user_number",
    "sent_at",
    "service_response_at",
    "send_status",
    "error_code",
    "status_reason",
    "due_at",
    "history",
)


@dataclass(frozen=True, slots=True)
class Reported:
    """A report, and the account it came over: without an organization, the environment's."""

    organization: Organization | None
    service: str
    report: DeliveryReport


def apply_report(
    organization: Organization | None, service: str, report: DeliveryReport
) -> Message | None:
    """Apply a delivery report to the message it is about; None when there is no such message.

    Without an organization (the environment's account), every organization's messages count.
    """
    (message,) = apply_reports([Reported(organization, service, report)])
    return message


def apply_reports(reports: Sequence[Reported]) -> list[Message | None]:
    """Apply delivery reports, in their order, in a few statements; the message of each, or None."""
    with transaction.atomic():
        messages = _messages_of(reports)
        now, lessons = timezone.now(), []
        applied = [
            (message, reported)
            for message, reported in zip(messages, reports, strict=True)
            if message is not None and _still_speaks(message, reported)
        ]
        for message, reported in applied:
            report = reported.report
            message.service_id = message.service_id or report.service_id
            message.user_number = message.user_number or report.user_number
            message.sent_at = message.sent_at or report.occurred_at or now
            message.service_response_at = now
            before = message.send_status, message.error_code
            raise_status(message, report, words_for=partial(in_words, reported.service))
            is_news = before != (message.send_status, message.error_code)
            history.add_report(message, reported.service, report, is_news=is_news)
            if report.status is ReportStatus.ERROR:
                lessons.append(
                    Lesson(
                        message,
                        report.error_code,
                        opted_out=report.opted_out,
                        contact_status=report.contact_status,
                    )
                )
        found = {message.pk: message for message, _ in applied}
        update_each(list(found.values()), _REPORTED)
        learn(lessons)
        managers: dict[int, list[ServiceManager]] = {}
        for message, reported in applied:
            if message.organization_id not in managers:
                managers[message.organization_id] = list(managers_of(message.organization))
            for manager in managers[message.organization_id]:
                manager.on_delivery_report(message, reported.report)
    return messages


def _messages_of(reports: Sequence[Reported]) -> list[Message | None]:
    """The message each report is about, locked. Another organization's message is no message."""
    known = _by_reference(reports)
    known |= _by_service_id(reports, known)
    found = [known.get(n) for n in range(len(reports))]
    locked = (
        Message.objects.select_for_update(of=("self",))
        .select_related("organization")
        .filter(pk__in={pk for pk in found if pk is not None})
        .order_by("pk")  # two workers that lock in another order would wait for each other
        .in_bulk()
    )
    return [None if pk is None else locked.get(pk) for pk in found]


def _by_reference(reports: Sequence[Reported]) -> dict[int, int]:
    """Which message each report is about (both by number), as far as our own reference tells."""
    references = {n: ref for n, one in enumerate(reports) if (ref := _reference(one.report))}
    rows = {
        row[0]: row[1:]
        for row in Message.objects.filter(
            is_from_contact=False, reference__in=set(references.values())
        ).values_list("reference", "service", "tried_services", "organization", "pk")
    }
    return {
        n: pk
        for n, reference in references.items()
        if reference in rows
        for service, tried, organization_id, pk in (rows[reference],)
        if _is_theirs(reports[n], [service, *tried], organization_id)
    }


def _by_service_id(reports: Sequence[Reported], known: Container[int]) -> dict[int, int]:
    """The same by the vendor's id, for those that are not ``known``; of several, the oldest."""
    found: dict[int, int] = {}
    for service in {reported.service for reported in reports}:
        unknown = {
            n: one.report.service_id
            for n, one in enumerate(reports)
            if n not in known and one.service == service and one.report.service_id
        }
        if not unknown:
            continue
        rows = Message.objects.filter(
            is_from_contact=False, service=service, service_id__in=set(unknown.values())
        ).exclude(service_id="")  # of many ids PostgreSQL does not see it, nor then the index
        owners: dict[str, list[tuple[int, int]]] = {}
        for row in rows.order_by("pk").values_list("service_id", "organization", "pk"):
            owners.setdefault(row[0], []).append(row[1:])
        for n, service_id in unknown.items():
            for organization_id, pk in owners.get(service_id, ()):
                if _is_theirs(reports[n], [service], organization_id):
                    found[n] = pk
                    break
    return found


def _reference(report: DeliveryReport) -> UUID | None:
    try:
        return UUID(report.reference) if report.reference else None
    except ValueError:
        return None


def _is_theirs(reported: Reported, services: Container[str], organization_id: int) -> bool:
    """Whether an account may speak of a message of these services and this organization."""
    return reported.service in services and (
        reported.organization is None or reported.organization.pk == organization_id
    )


def _still_speaks(message: Message, reported: Reported) -> bool:
    """Whether a report tells what became of a message. Not that of a vendor it was taken from:
    another one has it now.

    Unless that vendor sent it against its word and the other was not asked yet: then it is
    settled as the first vendor's, and nobody is texted twice.
    """
    if message.service == reported.service:
        return True
    if reported.report.status is ReportStatus.ERROR or message.send_status != SendStatus.QUEUED:
        return False
    message.service = reported.service
    return True


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
