"""The Settings page: who carries the organization's texts, and with which account. Owners only."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_safe

from service_vendors import configuration
from service_vendors.exceptions import UnknownVendor, VendorError
from service_vendors.models import Organization, Role
from service_vendors.vendors import loop, registry
from service_vendors.web.access import OrganizationRequest, organization_page, vendor_or_404
from service_vendors.web.settings_page import settings_context
from service_vendors.web.trial import Trial, TrialForm, trial_of
from service_vendors.web.vendor_choice import ChoiceForm
from service_vendors.web.vendor_forms import form_for

PAGE: Final = "service_vendors/settings.html"
# Longer than any single time limit of a call, shorter than a person's patience.
CONNECTION_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class ConnectionResult:
    """What the vendor said to our asking whether the account works."""

    works: bool
    text: str


@require_safe
@organization_page(Role.OWNER)
def settings(request: OrganizationRequest, organization: Organization) -> HttpResponse:
    """The page as it stands."""
    return render(request, PAGE, settings_context(request, organization))


@organization_page(Role.OWNER)
def settings_vendor(
    request: OrganizationRequest, organization: Organization, service: str
) -> HttpResponse:
    """Save one vendor's settings, after the vendor was asked whether they work."""
    vendor = vendor_or_404(service)
    if not vendor.supports_org_config():
        raise Http404("The installation's operators set this vendor up.")
    if request.method != "POST":  # the address of a refused form, opened anew
        return _back(organization, service)
    form = form_for(organization, service, request.POST)
    if form.is_valid() and form.save_as(request.user):
        messages.success(request, f"The settings of {vendor.title} are saved.")
        return _back(organization, service)
    status = HTTPStatus.CONFLICT if form.is_conflict else HTTPStatus.UNPROCESSABLE_ENTITY
    context = settings_context(request, organization, vendor_form=form)
    return render(request, PAGE, context, status=status)


@organization_page(Role.OWNER)
def settings_choose(request: OrganizationRequest, organization: Organization) -> HttpResponse:
    """Choose the vendor that sends, or leave it to the installation."""
    if request.method != "POST":
        return _back(organization, "choose")
    form = ChoiceForm(organization, request.POST)
    if form.is_valid():
        if form.save_as(request.user):
            messages.success(request, _who_sends(organization))
        return _back(organization)
    context = settings_context(request, organization, choice_form=form)
    return render(request, PAGE, context, status=HTTPStatus.UNPROCESSABLE_ENTITY)


@organization_page(Role.OWNER)
def settings_test_connection(
    request: OrganizationRequest, organization: Organization, service: str
) -> HttpResponse:
    """Ask the vendor, with the saved settings, whether the account works."""
    vendor_or_404(service)
    if request.method != "POST":
        return _back(organization, service)
    result = _connect(organization, service)
    if request.headers.get("HX-Request"):
        return render(request, "service_vendors/settings/connection.html", {"result": result})
    level = messages.SUCCESS if result.works else messages.ERROR
    messages.add_message(request, level, result.text)
    return _back(organization)


@organization_page(Role.OWNER)
def settings_test_message(request: OrganizationRequest, organization: Organization) -> HttpResponse:
    """Send a test message; what becomes of it shows on the page."""
    if request.method != "POST":
        return _back(organization, "test-message")
    form = TrialForm(request.POST)
    message = form.send_as(organization, request.user) if form.is_valid() else None
    if request.headers.get("HX-Request"):
        # The form comes back with a new key, and with what was typed: it is often sent again.
        shown = form if message is None else TrialForm()
        if message is not None:
            shown.initial["number"] = form.cleaned_data["number"]
            shown.initial["text"] = form.cleaned_data["text"]
        return render(
            request,
            "service_vendors/settings/trial_answer.html",
            {
                "organization": organization,
                "trial_form": shown,
                "trial": Trial(message) if message else None,
            },
        )
    if message is None:
        context = settings_context(request, organization, trial_form=form)
        return render(request, PAGE, context, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    address = reverse("service_vendors:settings", args=(organization.pk,))
    return redirect(f"{address}?test={message.reference}#test-message")


@require_safe
@organization_page(Role.OWNER)
def settings_test_message_status(
    request: OrganizationRequest, organization: Organization, reference: UUID
) -> HttpResponse:
    """The test message's status, for htmx: 204 while it is what the page already shows."""
    trial = trial_of(organization, str(reference))
    if trial is None:
        raise Http404("The organization sent no such message.")
    if request.GET.get("seen") == trial.seen:
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    return render(
        request,
        "service_vendors/settings/trial_status.html",
        {"organization": organization, "trial": trial},
    )


def _connect(organization: Organization, service: str) -> ConnectionResult:
    vendor = configuration.vendor_of(organization, service)
    try:
        text = loop.run(vendor.check_connection(), CONNECTION_SECONDS)
    except VendorError as error:
        return ConnectionResult(works=False, text=str(error))
    except TimeoutError:
        return ConnectionResult(
            works=False,
            text=f"{vendor.title} did not answer within {CONNECTION_SECONDS:.0f} seconds.",
        )
    return ConnectionResult(works=True, text=text)


def _who_sends(organization: Organization) -> str:
    try:
        active = configuration.active_vendor(organization)
    except UnknownVendor as error:
        return str(error)
    return f"{registry.vendor_class(active.name).title} sends your texts from now on."


def _back(organization: Organization, anchor: str = "") -> HttpResponse:
    address = reverse("service_vendors:settings", args=(organization.pk,))
    return redirect(f"{address}#{anchor}" if anchor else address)


_ADDRESS: Final = "admin/<int:organization_id>/settings"
urlpatterns = [
    path(_ADDRESS, settings, name="settings"),
    path(f"{_ADDRESS}/choose", settings_choose, name="settings_choose"),
    path(f"{_ADDRESS}/test-message", settings_test_message, name="settings_test_message"),
    path(
        f"{_ADDRESS}/test-message/<uuid:reference>",
        settings_test_message_status,
        name="settings_test_message_status",
    ),
    path(f"{_ADDRESS}/<slug:service>", settings_vendor, name="settings_vendor"),
    path(
        f"{_ADDRESS}/<slug:service>/test-connection",
        settings_test_connection,
        name="settings_test_connection",
    ),
]
