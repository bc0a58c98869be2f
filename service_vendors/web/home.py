"""Where a person begins."""

from __future__ import annotations

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path

from service_vendors.web.access import active_memberships, first_page


def home(request: HttpRequest) -> HttpResponse:
    """On to the person's first organization; who belongs to none is told what to do."""
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    membership = active_memberships(request.user).first()
    if membership is None:
        return render(request, "service_vendors/no_organization.html")
    return redirect(first_page(membership))


urlpatterns = [path("", home, name="home")]
