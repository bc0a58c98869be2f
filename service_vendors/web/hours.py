"""Texting hours on the Settings page. Owners only."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse

from service_vendors.models import Organization, Role
from service_vendors.web.access import OrganizationRequest, organization_page
from service_vendors.web.hours_form import HoursForm
from service_vendors.web.settings_page import settings_context


@organization_page(Role.OWNER)
def settings_hours(request: OrganizationRequest, organization: Organization) -> HttpResponse:
    """Save the texting hours."""
    if request.method == "POST":
        form = HoursForm(organization, request.POST)
        if not form.is_valid():
            context = settings_context(request, organization, hours_form=form)
            return render(
                request,
                "service_vendors/settings.html",
                context,
                status=HTTPStatus.UNPROCESSABLE_ENTITY,
            )
        if form.save_as(request.user):
            messages.success(request, "The texting hours are saved.")
    address = reverse("service_vendors:settings", args=(organization.pk,))
    return redirect(f"{address}#texting-hours")


urlpatterns: Final = [
    path(
        "admin/<int:organization_id>/settings/texting-hours", settings_hours, name="settings_hours"
    ),
]
