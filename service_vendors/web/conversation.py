"""One conversation: what was said, what became of it, and the form to say more; live."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_safe

from service_vendors import lookups, segments
from service_vendors.configuration import active_vendor
from service_vendors.exceptions import UnknownVendor
from service_vendors.models import Organization, OrganizationContact, Role
from service_vendors.segments import SegmentCount
from service_vendors.types import LookupStatus
from service_vendors.vendors import registry
from service_vendors.web.access import OrganizationRequest, organization_page, page_context
from service_vendors.web.composer import MOST_CHARACTERS, Composer
from service_vendors.web.conversations import (
    Talk,
    contact_number_or_404,
    first_of_page,
    talk,
)


@organization_page(Role.TEXTER)
def conversation(
    request: OrganizationRequest, organization: Organization, contact_number: str
) -> HttpResponse:
    """The page; POST sends what was written."""
    number = contact_number_or_404(organization, contact_number)
    if request.method == "POST":
        return _send(request, organization, number)
    if number != contact_number:
        return redirect("service_vendors:conversation", organization.pk, number)
    return _page(request, organization, number)


@require_safe
@organization_page(Role.TEXTER)
def conversation_updates(
    request: OrganizationRequest, organization: Organization, contact_number: str
) -> HttpResponse:
    """The conversation, for htmx: 204 while it is what the page already shows."""
    number = contact_number_or_404(organization, contact_number)
    now = talk(request, organization, request.membership, number)
    seen = request.GET.get("seen", "")
    if seen == now.seen:
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    context = {"organization": organization, "arrived": _arrived(now, seen), **talk_context(now)}
    if seen.split("-")[1:2] != now.seen.split("-")[1:2]:  # an opt-out came, or ended
        context["composer"] = Composer(organization)
    return render(request, "service_vendors/messages/updates.html", context)


@organization_page(Role.TEXTER)
def conversation_segments(
    request: OrganizationRequest, organization: Organization, contact_number: str
) -> HttpResponse:
    """How many segments the text that is being written takes, in words, for htmx."""
    if request.method != "POST":
        return redirect("service_vendors:conversation", organization.pk, contact_number)
    text = request.POST.get("text", "").strip()[:MOST_CHARACTERS]
    context = {"count": _segments(organization, text) if text else None}
    return render(request, "service_vendors/messages/segments.html", context)


def _segments(organization: Organization, text: str) -> SegmentCount:
    """What a text takes with the vendor that would send it now, if there is one."""
    try:
        vendor_class = registry.vendor_class(active_vendor(organization).name)
    except UnknownVendor:
        return segments.count(text)
    return vendor_class.count_segments(text)


def talk_context(now: Talk, *, is_newest: bool = True) -> dict[str, Any]:
    """What the templates of a conversation need, the organization aside."""
    return {"talk": now, "is_newest": is_newest}


def _send(request: OrganizationRequest, organization: Organization, number: str) -> HttpResponse:
    composer = Composer(organization, request.POST)
    message = composer.send_as(number, request.user) if composer.is_valid() else None
    if request.headers.get("HX-Request"):
        now = talk(request, organization, request.membership, number)
        context = {
            "organization": organization,
            "composer": Composer(organization) if message else composer,
            "was_sent": message is not None,
            **talk_context(now),
        }
        return render(request, "service_vendors/messages/sent.html", context)
    if message is None:
        return _page(
            request, organization, number, composer, status=HTTPStatus.UNPROCESSABLE_ENTITY
        )
    back = "handset_phone" if request.POST.get("back") == "handset" else "conversation"
    address = reverse(f"service_vendors:{back}", args=(organization.pk, number))
    return redirect(f"{address}#compose")


def _page(
    request: OrganizationRequest,
    organization: Organization,
    number: str,
    composer: Composer | None = None,
    *,
    status: HTTPStatus = HTTPStatus.OK,
) -> HttpResponse:
    before = first_of_page(request.GET.get("before", ""))
    now = talk(request, organization, request.membership, number, before=before)
    context = page_context(
        request,
        organization,
        composer=composer or Composer(organization),
        doubt=_doubt(organization, number),
        is_refused=bool(lookups.refusals(organization, [number])),
        **talk_context(now, is_newest=not before),
    )
    return render(request, "service_vendors/messages/conversation.html", context, status=status)


def _doubt(organization: Organization, number: str) -> str:
    """Why texts may never arrive at this number, as far as a look-up told; "" for no reason."""
    known = OrganizationContact.objects.filter(
        organization=organization, contact_number=number
    ).first()
    if known is None or known.status_code in {None, LookupStatus.TEXTABLE.value}:
        return ""
    return known.get_status_code_display()


def _arrived(now: Talk, seen: str) -> bool:
    """Whether the newest text is the contact's, and newer than what the page shows."""
    last, head = now.last, seen.partition("-")[0]
    return (
        last is not None
        and last.is_from_contact
        and head.isascii()
        and head.isdecimal()
        and int(head) < last.pk
    )


_ADDRESS: Final = "admin/<int:organization_id>/messages/<str:contact_number>"
urlpatterns = [
    path(_ADDRESS, conversation, name="conversation"),
    path(f"{_ADDRESS}/updates", conversation_updates, name="conversation_updates"),
    path(f"{_ADDRESS}/segments", conversation_segments, name="conversation_segments"),
]
