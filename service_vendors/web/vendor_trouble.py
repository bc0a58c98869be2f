"""A vendor in trouble, on the pages: how its breaker stands, who takes over, and trying again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse

from service_vendors.exceptions import UnknownVendor
from service_vendors.models import Organization, Role
from service_vendors.sending import another_try
from service_vendors.vendors import registry
from service_vendors.web.access import OrganizationRequest, organization_page, vendor_or_404


@dataclass(frozen=True, slots=True)
class FallbackLine:
    """A name in FALLBACK_SERVICES; ``title`` is "" where no active vendor has it."""

    name: str
    title: str = ""
    ready: bool = False


@dataclass(frozen=True, slots=True)
class Fallbacks:
    """The vendors that take over, in order, and whether the organization itself named them."""

    lines: list[FallbackLine]
    are_own: bool


def fallbacks_of(organization: Organization, active: str, ready: Mapping[str, bool]) -> Fallbacks:
    """What FALLBACK_SERVICES lists here beside the vendor that sends (``active``).

    ``ready`` tells of each vendor by its name.
    """
    lines = []
    for name in organization.listed("FALLBACK_SERVICES"):
        try:
            vendor = registry.vendor_class(name)
        except UnknownVendor:
            lines.append(FallbackLine(name))
            continue
        if vendor.name != active:
            lines.append(FallbackLine(name, vendor.title, ready.get(vendor.name, False)))
    return Fallbacks(lines, are_own=organization.feature("FALLBACK_SERVICES") is not None)


@organization_page(Role.OWNER)
def try_again(
    request: OrganizationRequest, organization: Organization, service: str
) -> HttpResponse:
    """Let a few of the texts that wait for a vendor try at once."""
    vendor = vendor_or_404(service)
    if request.method == "POST":
        if another_try.try_again(organization, vendor.name, request.user):
            messages.success(
                request,
                f"A few texts try {vendor.title} now. When they succeed, the others follow.",
            )
        else:
            messages.info(request, f"Nothing waits for {vendor.title} any more.")
    address = reverse("service_vendors:settings", args=(organization.pk,))
    return redirect(f"{address}#{vendor.name}-trouble")


_ADDRESS: Final = "admin/<int:organization_id>/settings/<slug:service>/try-again"
urlpatterns = [path(_ADDRESS, try_again, name="settings_try_again")]
