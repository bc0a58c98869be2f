"""Texts in doubt: a person says that they were sent, or sends them again."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import path

from service_vendors.exceptions import MessageRefused, UnknownVendor
from service_vendors.models import Message, Organization, Role
from service_vendors.phone import InvalidPhoneNumber, national
from service_vendors.sending import doubts
from service_vendors.web.access import OrganizationRequest, organization_page
from service_vendors.web.conversations import first_of_page

SHOWN: Final = 20

Decision = Callable[[OrganizationRequest, Message], None]


def doubts_context(organization: Organization) -> dict[str, Any]:
    """What the page "Set aside" shows of texts in doubt, the oldest first."""
    waiting = doubts.in_doubt(organization)
    found = list(waiting.select_related("contact").order_by("pk")[: SHOWN + 1])
    count = len(found) if len(found) <= SHOWN else waiting.count()
    return {"doubts": found[:SHOWN], "doubt_count": count}


def decision(decide: Decision) -> Callable[..., Any]:
    """A view that decides about one message of the organization, and leads back to the page."""

    @organization_page(Role.ADMIN)
    @wraps(decide)
    def view(
        request: OrganizationRequest, organization: Organization, message_id: int
    ) -> HttpResponse:
        if request.method == "POST":
            known = Message.objects.filter(organization=organization, is_from_contact=False)
            found = message_id <= first_of_page("9" * 18)
            message = known.filter(pk=message_id).first() if found else None
            if message is None:
                raise Http404("The organization has no such message.")
            decide(request, message)
        return redirect("service_vendors:set_aside", organization.pk)

    return view


@decision
def doubt_sent(request: OrganizationRequest, message: Message) -> None:
    """Take it that it was sent."""
    if doubts.mark_as_sent(message, request.user):
        messages.success(request, f"The text to {_who(message)} is marked as sent.")
    else:
        _settled_meanwhile(request, message)


@decision
def doubt_again(request: OrganizationRequest, message: Message) -> None:
    """Send it again."""
    try:
        again = doubts.send_again(message, request.user)
    except (MessageRefused, InvalidPhoneNumber, UnknownVendor) as error:
        messages.error(request, f"Not sent again: {error}")
        return
    if again is None:
        _settled_meanwhile(request, message)
    else:
        messages.success(request, f"The text to {_who(message)} is being sent again.")


@organization_page(Role.ADMIN)
def doubts_all_sent(request: OrganizationRequest, organization: Organization) -> HttpResponse:
    """Take it that all of them were sent."""
    if request.method == "POST" and (marked := doubts.mark_all_as_sent(organization, request.user)):
        messages.success(request, f"Marked as sent: {marked}.")
    return redirect("service_vendors:set_aside", organization.pk)


def _who(message: Message) -> str:
    return national(message.contact_number)


def _settled_meanwhile(request: OrganizationRequest, message: Message) -> None:
    message.refresh_from_db()
    status = message.get_send_status_display().lower()
    messages.info(request, f"The text to {_who(message)} is not in doubt any more: it is {status}.")


_ADDRESS: Final = "admin/<int:organization_id>/messages/in-doubt"
urlpatterns = [
    path(f"{_ADDRESS}/sent", doubts_all_sent, name="doubts_all_sent"),
    path(f"{_ADDRESS}/<int:message_id>/sent", doubt_sent, name="doubt_sent"),
    path(f"{_ADDRESS}/<int:message_id>/again", doubt_again, name="doubt_again"),
]
