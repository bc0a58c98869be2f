"""The service managers that a vendor needs, and one button to enable them. Owners only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse

from service_vendors import configuration
from service_vendors.managers import registry as managers
from service_vendors.models import Organization, Role
from service_vendors.vendors.base import ServiceVendor
from service_vendors.web.access import OrganizationRequest, organization_page, vendor_or_404


@dataclass(frozen=True, slots=True)
class OfferedManager:
    """One manager that a vendor needs and the organization does not use."""

    name: str
    title: str
    help: str


def offered_managers(
    organization: Organization, vendor: type[ServiceVendor]
) -> list[OfferedManager]:
    """The managers that the vendor lacks here, in the order it names them."""
    used = set(managers.names_of(organization))
    return [
        OfferedManager(name, found.title if found else name, found.help if found else "")
        for name in vendor.needs_managers
        if name not in used
        for found in (managers.find(name),)
    ]


@organization_page(Role.OWNER)
def enable_managers(
    request: OrganizationRequest, organization: Organization, service: str
) -> HttpResponse:
    """Have the organization use the managers that a vendor needs."""
    vendor = vendor_or_404(service)
    if request.method == "POST":
        enabled = configuration.enable_managers(organization, vendor.name, actor=request.user)
        if enabled:
            titles = " and ".join(managers.title_of(name) for name in enabled)
            messages.success(request, f"Enabled for your organization: {titles}.")
    address = reverse("service_vendors:settings", args=(organization.pk,))
    return redirect(f"{address}#{vendor.name}")


_ADDRESS: Final = "admin/<int:organization_id>/settings/<slug:service>/managers"
urlpatterns = [path(_ADDRESS, enable_managers, name="settings_managers")]
