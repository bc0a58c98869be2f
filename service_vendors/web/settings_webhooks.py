"""The Settings page's panel about where a vendor calls now. Asked on demand. Owners only."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods

from service_vendors.models import Organization, Role
from service_vendors.types import Feature
from service_vendors.web.access import OrganizationRequest, organization_page, vendor_or_404
from service_vendors.web.pointing import Pointing, point_here, pointing
from service_vendors.web.settings_page import settings_context

PAGE: Final = "service_vendors/settings.html"
PANEL: Final = "service_vendors/settings/pointing.html"


@require_http_methods(["GET", "HEAD", "POST"])
@organization_page(Role.OWNER)
def settings_webhooks(
    request: OrganizationRequest, organization: Organization, service: str
) -> HttpResponse:
    """Where the vendor calls; with POST, have it call us first."""
    title = _title_or_404(service)
    is_live = bool(request.headers.get("HX-Request"))
    trouble = ""
    if request.method == "POST":
        trouble = point_here(organization, service, request.user)
        if not (trouble or is_live):
            messages.success(request, f"{title} calls this installation from now on.")
            address = reverse("service_vendors:settings_webhooks", args=(organization.pk, service))
            return redirect(f"{address}#{service}-webhooks")
    found = Pointing(trouble=trouble) if trouble else pointing(organization, service, request.user)
    if is_live:
        context = {
            "organization": organization,
            "service": service,
            "title": title,
            "pointing": found,
        }
        return render(request, PANEL, context)
    context = settings_context(request, organization, pointing={service: found})
    status = HTTPStatus.UNPROCESSABLE_ENTITY if trouble else HTTPStatus.OK
    return render(request, PAGE, context, status=status)


def _title_or_404(service: str) -> str:
    """The title of an active vendor that can be told where to call."""
    vendor_class = vendor_or_404(service)
    if Feature.WEBHOOK_SETUP not in vendor_class.supports:
        raise Http404("This vendor is told where to call in its own console.")
    return vendor_class.title


urlpatterns = [
    path(
        "admin/<int:organization_id>/settings/<slug:service>/webhooks",
        settings_webhooks,
        name="settings_webhooks",
    ),
]
