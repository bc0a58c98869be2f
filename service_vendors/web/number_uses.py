"""Taking numbers out of use: an owner is told what that means, and then confirms it."""

from __future__ import annotations

from typing import Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path

from service_vendors import inventory
from service_vendors.exceptions import NumbersRefused, VendorError
from service_vendors.models import Organization, Role
from service_vendors.web.access import OrganizationRequest, organization_page
from service_vendors.web.phone_numbers import ADDRESS, numbers_context, service_or_404

PAGE: Final = "service_vendors/numbers/take_out.html"


@organization_page(Role.OWNER)
def take_out(request: OrganizationRequest, organization: Organization) -> HttpResponse:
    """What would no longer work; posting it back takes the numbers out."""
    service = service_or_404(organization)
    asked = request.POST if request.method == "POST" else request.GET
    try:
        use = inventory.use_of(organization, service, asked.get("kind", ""), asked.get("id", ""))
        if request.method != "POST":
            context = numbers_context(request, organization, service, use=use)
            return render(request, PAGE, context)
        taken = inventory.take_out_of_use(organization, service, use, actor=request.user)
    except NumbersRefused as error:
        messages.error(request, str(error))
    except VendorError as error:
        messages.error(
            request,
            f"Not all numbers could be taken out, so none is free to be released yet. {error} "
            "Try again; that does no harm.",
        )
    else:
        words = "1 number is" if taken == 1 else f"{taken} numbers are"
        messages.success(request, f"{words} out of use.")
    return redirect("service_vendors:phone_numbers", organization.pk)


urlpatterns: Final = [path(f"{ADDRESS}/take-out", take_out, name="phone_numbers_take_out")]
