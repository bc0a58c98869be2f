"""Whose message it is that a webhook brings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from service_vendors.models import Message, Organization, OwnedPhoneNumber, WebhookEvent
from service_vendors.types import InboundMessage, InboundPart


class CannotApply(Exception):
    """An event says something that cannot be filed now; the text tells an admin why."""


class Tenants:
    """The organizations that the messages of some events belong to.

    An organization's own account can only ever speak for that organization, so what it claims of
    other numbers cannot reach anybody else.
    """

    def __init__(self, said: Mapping[WebhookEvent, Sequence[Any]]) -> None:
        """Who owns the numbers that the environment's accounts were texted at, in one query."""
        asked = {
            (event.service, item.user_number)
            for event, items in said.items()
            if event.organization is None
            for item in items
            if isinstance(item, InboundMessage | InboundPart)
        }
        owned = OwnedPhoneNumber.objects.filter(
            service__in={service for service, _ in asked},
            phone_number__in={number for _, number in asked},
        )
        self._owners = {
            (number.service, number.phone_number): number.organization
            for number in (owned.select_related("organization") if asked else ())
        }

    def of(self, event: WebhookEvent, item: InboundMessage | InboundPart) -> Organization:
        """Whose message this is: the account's organization that was called, or else the owner of
        the number, or else the one that texted the contact from it last. Raises CannotApply.
        """
        if event.organization is not None:
            return event.organization
        if owner := self._owners.get((event.service, item.user_number)):
            return owner
        talks = Message.objects.filter(
            service=event.service,
            user_number=item.user_number,
            contact_number=item.contact_number,
        )
        if last := talks.select_related("organization").order_by("-pk").first():
            return last.organization
        raise CannotApply("No organization owns the number this was sent to, or texted from it.")
