"""The Phone numbers page: what an organization owns, by area code and one by one.

Admins see it; what costs money or gives something away is in ``number_orders``, for owners.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_safe

from service_vendors import inventory
from service_vendors.exceptions import InventoryOff
from service_vendors.models import Organization, Role
from service_vendors.vendors import registry
from service_vendors.web.access import OrganizationRequest, organization_page, page_context
from service_vendors.web.number_jobs import job_board
from service_vendors.web.phone_number_list import SORTS, asked_of, number_page

ADDRESS: Final = "admin/<int:organization_id>/phone-numbers"
PAGE: Final = "service_vendors/numbers/page.html"


@require_safe
@organization_page(Role.ADMIN)
def phone_numbers(request: OrganizationRequest, organization: Organization) -> HttpResponse:
    """The page; for htmx the inventory alone."""
    service = service_or_404(organization)
    context = _inventory(request, organization, service)
    if request.headers.get("HX-Request"):
        context |= {"organization": organization, "is_owner": _is_owner(request)}
        return render(request, "service_vendors/numbers/inventory.html", context)
    context |= {
        "board": job_board(organization, request.GET.get("job", "")),
        "most_a_job": inventory.most_a_job(organization),
    }
    return render(request, PAGE, numbers_context(request, organization, service, **context))


def numbers_context(
    request: OrganizationRequest, organization: Organization, service: str, **extra: Any
) -> dict[str, Any]:
    """What the page needs, with a view's own ``extra``."""
    return page_context(request, organization, **(_shop(service) | extra))


def service_or_404(organization: Organization) -> str:
    """The vendor whose numbers are managed. Raises Http404 where none are."""
    try:
        return inventory.service_of(organization)
    except InventoryOff as error:
        raise Http404(str(error)) from error


def _inventory(
    request: OrganizationRequest, organization: Organization, service: str
) -> dict[str, Any]:
    counts = inventory.counts(organization, service)
    asked = asked_of(request.GET)
    return {
        "counts": counts,
        "total": sum(one.total for one in counts),
        "available": sum(one.available for one in counts),
        "monthly": sum((one.monthly for one in counts), Decimal(0)),
        "uses": inventory.uses(organization, service),
        "found": number_page(organization, service, asked),
        "sorts": [(value, title) for value, (title, _) in SORTS.items()],
        "use_days": inventory.USE_DAYS,
        **_shop(service),
    }


def _shop(service: str) -> dict[str, str]:
    """Who sells, and in which money."""
    vendor_class = registry.vendor_class(service)
    return {
        "vendor_title": vendor_class.title,
        "currency": vendor_class.cost_data("").currency,
    }


def _is_owner(request: OrganizationRequest) -> bool:
    return Role(request.membership.role).at_least(Role.OWNER)


urlpatterns: Final = [path(ADDRESS, phone_numbers, name="phone_numbers")]
