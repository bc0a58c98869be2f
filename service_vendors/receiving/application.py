"""Applying one event: what its vendor reads in it, passed to whoever it concerns."""

from __future__ import annotations

from service_vendors.exceptions import UnknownVendor
from service_vendors.models import WebhookEvent
from service_vendors.receiving import parts
from service_vendors.receiving.messages import save_incoming
from service_vendors.receiving.tenancy import CannotApply, tenant
from service_vendors.sending import apply_report
from service_vendors.types import DeliveryReport, InboundMessage, InboundPart, WebhookRequest
from service_vendors.vendors import registry


def apply_event(event: WebhookEvent, request: WebhookRequest) -> None:
    """Apply everything one event says, inside the caller's transaction.

    Raises CannotApply, or whatever a vendor's parser raises on nonsense.
    """
    try:
        vendor = registry.get_vendor(event.organization, event.service)
    except UnknownVendor as error:
        raise CannotApply(str(error)) from error
    for said in vendor.handle_incoming(request):
        match said:
            case DeliveryReport():
                _report(event, said)
            case InboundMessage():
                organization = tenant(event, said.user_number, said.contact_number)
                save_incoming(organization, event.service, said, at=event.received_at)
            case InboundPart():
                organization = tenant(event, said.user_number, said.contact_number)
                whole = parts.add(organization, event.service, said)
                if whole is not None:
                    parts.deliver(organization, event.service, whole)


def _report(event: WebhookEvent, report: DeliveryReport) -> None:
    if apply_report(event.organization, event.service, report) is None:
        # It may be quicker than the record of the send it is about: the event is tried again.
        raise CannotApply("No message of ours is known to which this delivery report belongs.")
