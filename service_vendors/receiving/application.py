"""Applying events: what their vendors read in them, passed to whoever it concerns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from service_vendors.exceptions import UnknownVendor
from service_vendors.models import WebhookEvent
from service_vendors.receiving import parts
from service_vendors.receiving.messages import Incoming, save_all
from service_vendors.receiving.tenancy import CannotApply, Tenants
from service_vendors.sending import Reported, apply_reports
from service_vendors.types import DeliveryReport, InboundMessage, InboundPart, WebhookRequest
from service_vendors.vendors import registry
from service_vendors.vendors.base import ServiceVendor

Said = Sequence[InboundMessage | InboundPart | DeliveryReport]

_NAMES: Final = (
    *("service_id", "reference", "group", "messageservice_sid"),
    *("contact_number", "user_number"),
)


def apply_events(events: Sequence[WebhookEvent]) -> dict[WebhookEvent, Exception]:
    """Apply everything that events say, in few statements; those that failed, and why.

    Of an event that failed nothing is applied. Whatever else is raised concerns all of them: the
    caller rolls its transaction back and tries fewer at once.
    """
    failures: dict[WebhookEvent, Exception] = {}
    said = _read(events, failures)
    tenants = Tenants(said)
    reports: list[tuple[WebhookEvent, Reported]] = []
    messages: list[Incoming] = []
    pieces: list[tuple[WebhookEvent, InboundPart]] = []
    for event, items in said.items():
        for item in items:
            match item:
                case DeliveryReport():
                    reports.append((event, Reported(event.organization, event.service, item)))
                case InboundMessage():
                    try:
                        organization = tenants.of(event, item)
                    except CannotApply as error:
                        _fail(event, items, error, failures)
                    else:
                        at = event.received_at
                        messages.append(Incoming(organization, event.service, item, at=at))
                case InboundPart():
                    pieces.append((event, item))
    applied = apply_reports([reported for _, reported in reports])
    for (event, _), message in zip(reports, applied, strict=True):
        if message is None:
            # It may be quicker than the record of the send it is about: the event is tried again.
            unknown = CannotApply("No message of ours is known to which this report belongs.")
            _fail(event, said[event], unknown, failures)
    save_all(messages)
    for event, piece in pieces:
        try:
            organization = tenants.of(event, piece)
        except CannotApply as error:
            _fail(event, said[event], error, failures)
            continue
        whole = parts.add(organization, event.service, piece)
        if whole is not None:
            parts.deliver(organization, event.service, whole)
    return failures


def to_request(event: WebhookEvent) -> WebhookRequest:
    """The request an event was stored from, without the headers that proved its origin."""
    return WebhookRequest(
        address=event.address,
        method=event.method,
        url=event.url,
        query=event.query,
        headers=event.headers,
        body=bytes(event.body),
        organization_id=event.organization_id,
        received_at=event.received_at,
    )


def _read(
    events: Sequence[WebhookEvent], failures: dict[WebhookEvent, Exception]
) -> dict[WebhookEvent, Said]:
    """What each event says; one that cannot be read is a failure of its own."""
    said: dict[WebhookEvent, Said] = {}
    vendors: dict[tuple[int | None, str], ServiceVendor] = {}
    for event in events:
        account = (event.organization_id, event.service)
        try:
            if account not in vendors:
                vendors[account] = registry.get_vendor(event.organization, event.service)
            items = vendors[account].handle_incoming(to_request(event))
            _insist_on_names(items)
            said[event] = items
        except UnknownVendor as error:
            failures[event] = CannotApply(str(error))
        except Exception as error:  # noqa: BLE001 - a vendor's parser raises whatever it likes
            failures[event] = error
    return said


def _insist_on_names(items: Said) -> None:
    """Raise ValueError when what names something holds a NUL character: PostgreSQL takes none, and
    one statement is about many events. In a text it is made visible instead.
    """
    for item in items:
        names = (getattr(item, name, "") for name in _NAMES)
        if any("\x00" in name for name in names):
            raise ValueError("An id or a number holds a NUL character.")


def _fail(
    event: WebhookEvent, items: Said, error: CannotApply, failures: dict[WebhookEvent, Exception]
) -> None:
    """Note why an event cannot be applied. Raises it when the event says other things, too:
    they were applied, or will be, and must not be.
    """
    if len(items) > 1:
        raise error
    failures[event] = error
