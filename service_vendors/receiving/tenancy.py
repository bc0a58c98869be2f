"""Whose message it is that a webhook brings."""

from __future__ import annotations

from service_vendors.models import Message, Organization, OwnedPhoneNumber, WebhookEvent


class CannotApply(Exception):
    """An event says something that cannot be filed now; the text tells an admin why."""


def tenant(event: WebhookEvent, user_number: str, contact_number: str) -> Organization:
    """Whose message this is: the account's organization that was called, or else the owner of the
    number, or else the one that texted the contact from it last.

    An organization's own account can only ever speak for that organization, so what it claims of
    other numbers cannot reach anybody else. Raises CannotApply.
    """
    if event.organization is not None:
        return event.organization
    owned = OwnedPhoneNumber.objects.filter(service=event.service, phone_number=user_number)
    if number := owned.select_related("organization").first():
        return number.organization
    talks = Message.objects.filter(
        service=event.service, user_number=user_number, contact_number=contact_number
    )
    if last := talks.select_related("organization").order_by("-pk").first():
        return last.organization
    raise CannotApply("No organization owns the number this was sent to, or texted from it.")
