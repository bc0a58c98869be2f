"""Cards of the Settings page that are one form each: texting hours, sending rates. Owners only."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse

from service_vendors.models import Organization, Role
from service_vendors.web.access import OrganizationRequest, organization_page
from service_vendors.web.card_form import CardForm
from service_vendors.web.settings_page import CARD_FORMS, settings_context


@organization_page(Role.OWNER)
def settings_card(
    request: OrganizationRequest, organization: Organization, form_class: type[CardForm]
) -> HttpResponse:
    """Save what a card says."""
    if request.method == "POST":
        form = form_class(organization, request.POST)
        if not form.is_valid():
            return render(
                request,
                "service_vendors/settings.html",
                settings_context(request, organization, card_form=form),
                status=HTTPStatus.UNPROCESSABLE_ENTITY,
            )
        if form.save_as(request.user):
            messages.success(request, form.saved)
    address = reverse("service_vendors:settings", args=(organization.pk,))
    return redirect(f"{address}#{form_class.anchor}")


urlpatterns: Final = [
    path(
        f"admin/<int:organization_id>/settings/{form_class.anchor}",
        settings_card,
        {"form_class": form_class},
        name=f"settings_{form_class.name}",
    )
    for form_class in CARD_FORMS
]
