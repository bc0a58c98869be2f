"""The Contacts page: what is known of the numbers people are texted at; and one contact's page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_safe

from service_vendors import lookups
from service_vendors.exceptions import LookupUnderWay, UnknownVendor, VendorError
from service_vendors.lookups import Offer
from service_vendors.models import Campaign, Contact, LookupJob, Organization, Role
from service_vendors.phone import is_e164
from service_vendors.types import LookupDetail
from service_vendors.web.access import OrganizationRequest, organization_page, page_context
from service_vendors.web.contact_list import (
    MOST_COUNTED,
    ContactPage,
    Known,
    campaigns,
    contact_line,
    contact_page,
)
from service_vendors.web.conversations import contact_number_or_404, first_of_page
from service_vendors.web.searching import Narrowing, sought

MOST_CAMPAIGNS_OF_A_CONTACT: Final = 20
# A page waits no longer than this for somebody else's lookup of the same number.
WAIT_SECONDS: Final = 5.0

DETAIL_WORDS: Final = {
    LookupDetail.STATUS: "Whether it can be texted",
    LookupDetail.CARRIER: "Also the carrier",
    LookupDetail.NAME: "Also whose number it is",
}


@dataclass(frozen=True, slots=True)
class OfferChoice:
    """One kind of lookup as a form offers it; ``is_allowed`` for the role that looks."""

    offer: Offer
    title: str
    price: str
    is_allowed: bool

    @property
    def value(self) -> int:
        """What the form sends."""
        return int(self.offer.detail)


class LookupForm(forms.Form):
    """Looking one contact up. ``seen`` is when the page says it was last asked about."""

    detail = forms.TypedChoiceField(
        choices=[(one.value, one.name) for one in LookupDetail], coerce=int
    )
    seen = forms.CharField(required=False, max_length=40)

    def newer_than(self) -> datetime | None:
        """Asked anew only if nobody has done so since: a second press pays nothing."""
        try:
            return parse_datetime(self.cleaned_data["seen"])
        except ValueError:
            return None


@require_safe
@organization_page(Role.ADMIN)
def contacts(request: OrganizationRequest, organization: Organization) -> HttpResponse:
    """The list."""
    asked = request.GET.get("show", "")
    known = Known(asked) if asked in {one.value for one in Known} else Known.ALL
    search = sought(organization, request.GET.get("q", ""))
    after = request.GET.get("after", "")
    after = after if is_e164(after) else ""
    choice = campaigns(organization)
    campaign = _chosen(choice, organization, request.GET.get("campaign", ""))
    found = contact_page(organization, known=known, campaign=campaign, search=search, after=after)
    address = reverse("service_vendors:contacts", args=(organization.pk,))

    def narrowed(known: Known, **more: str) -> str:
        wanted = {
            "show": str(known),
            "campaign": str(campaign.pk) if campaign else "",
            "q": search.typed,
            **more,
        }
        written = urlencode({name: value for name, value in wanted.items() if value})
        return f"{address}?{written}" if written else address

    context = page_context(
        request,
        organization,
        found=found,
        known=known,
        search=search,
        campaign=campaign,
        campaigns=choice,
        is_first=not after,
        counted=_counted(found),
        first_url=narrowed(known),
        back_url=narrowed(known) if after else "",
        next_url=narrowed(known, after=found.next_after) if found.next_after else "",
        narrowings=[Narrowing(one.label, narrowed(one), current=one is known) for one in Known],
        running=LookupJob.objects.filter(
            organization=organization, status=LookupJob.Status.RUNNING
        ).first(),
    )
    return render(request, "service_vendors/contacts/list.html", context)


def _counted(found: ContactPage) -> str:
    """How many contacts there are, in words; "" where they were not counted."""
    if found.count is None:
        return ""
    if not found.counts_all:
        return f"More than {MOST_COUNTED:,} contacts"
    return f"{found.count:,} contact{'' if found.count == 1 else 's'}"


@organization_page(Role.ADMIN)
def contact(
    request: OrganizationRequest, organization: Organization, contact_number: str
) -> HttpResponse:
    """One contact; POST looks the number up, which an owner alone may pay for."""
    number = contact_number_or_404(organization, contact_number)
    if request.method == "POST":
        return _look_up(request, organization, number)
    if number != contact_number:
        return redirect("service_vendors:contact", organization.pk, number)
    return _page(request, organization, number)


def offer_choices(organization: Organization, role: Role) -> list[OfferChoice]:
    """What a role may look up, the least first; nothing where the vendor looks nothing up."""
    try:
        found = lookups.offers(organization)
    except UnknownVendor:
        return []
    return [
        OfferChoice(
            offer=offer,
            # Where nothing is free, the first one tells both.
            title=DETAIL_WORDS[offer.detail]
            if index or offer.detail is LookupDetail.STATUS
            else "Whether it can be texted, and the carrier",
            price=lookups.in_words(offer.price, offer.currency),
            is_allowed=role.at_least(lookups.least_role(is_free=offer.is_free)),
        )
        for index, offer in enumerate(found)
    ]


def refuse_to_spend(role: Role, *, is_free: bool) -> None:
    """Raise PermissionDenied when a role may not begin such a lookup."""
    if not role.at_least(lookups.least_role(is_free=is_free)):
        raise PermissionDenied("This lookup costs money. Ask an owner to begin it.")


def _look_up(request: OrganizationRequest, organization: Organization, number: str) -> HttpResponse:
    form = LookupForm(request.POST)
    if not form.is_valid():
        error = "Choose what to look up."
        return _page(request, organization, number, error, HTTPStatus.UNPROCESSABLE_ENTITY)
    detail = LookupDetail(form.cleaned_data["detail"])
    try:
        offer = lookups.offer_for(organization, detail)
        refuse_to_spend(Role(request.membership.role), is_free=offer.is_free)
        lookups.look_up(
            organization,
            number,
            detail=detail,
            newer_than=form.newer_than(),
            actor=request.user,
            wait_seconds=WAIT_SECONDS,
        )
    except (VendorError, LookupUnderWay) as error:
        return _page(request, organization, number, str(error), HTTPStatus.UNPROCESSABLE_ENTITY)
    messages.success(request, "Looked up.")
    return redirect("service_vendors:contact", organization.pk, number)


def _page(
    request: OrganizationRequest,
    organization: Organization,
    number: str,
    error: str = "",
    status: HTTPStatus = HTTPStatus.OK,
) -> HttpResponse:
    line = contact_line(organization, number)
    role = Role(request.membership.role)
    last = line.contact.last_lookup
    context: dict[str, Any] = page_context(
        request,
        organization,
        line=line,
        choices=offer_choices(organization, role),
        seen=last.isoformat() if last else "",
        error=error,
        refusal=lookups.refusals(organization, [number]).get(number, ""),
        is_number=is_e164(number),
        of_campaigns=Campaign.objects.filter(
            pk__in=Contact.objects.filter(campaign__organization=organization, cell=number).values(
                "campaign"
            )
        )[:MOST_CAMPAIGNS_OF_A_CONTACT],
    )
    return render(request, "service_vendors/contacts/contact.html", context, status=status)


def _chosen(choice: list[Campaign], organization: Organization, given: str) -> Campaign | None:
    """The campaign an address names; an old one need not be among those to choose from."""
    campaign_id = first_of_page(given)
    if not campaign_id:
        return None
    shown = next((campaign for campaign in choice if campaign.pk == campaign_id), None)
    return shown or Campaign.objects.filter(organization=organization, pk=campaign_id).first()


_ADDRESS: Final = "admin/<int:organization_id>/contacts"
urlpatterns: Final = [
    path(_ADDRESS, contacts, name="contacts"),
    path(f"{_ADDRESS}/<str:contact_number>", contact, name="contact"),
]
