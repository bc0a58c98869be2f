"""Buying, releasing and syncing phone numbers from their page: seen first, then confirmed.

Owners only, but for watching. Nothing here is done by opening an address.
"""

from __future__ import annotations

import uuid
from decimal import Decimal
from http import HTTPStatus
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_safe

from service_vendors import inventory
from service_vendors.area_codes import area, nearby
from service_vendors.exceptions import NumbersRefused, VendorError
from service_vendors.inventory import Offer
from service_vendors.models import NumberJob, Organization, Role
from service_vendors.phone import is_e164
from service_vendors.web.access import OrganizationRequest, organization_page
from service_vendors.web.number_jobs import ShownJob, job_or_404
from service_vendors.web.phone_numbers import ADDRESS, numbers_context, service_or_404

BUY: Final = "service_vendors/numbers/buy.html"
RELEASE: Final = "service_vendors/numbers/release.html"
_REQUIRED: Final = {"required": "Type an area code.", "max_length": "Type an area code."}


class _Form(forms.Form):
    """Names fields by what they are; ``key`` keeps a second click from doing it twice."""

    area_code = forms.CharField(max_length=8, error_messages=_REQUIRED)
    limit = forms.IntegerField(
        min_value=1,
        max_value=100_000,
        error_messages={
            "required": "Type how many.",
            "invalid": "How many numbers? Type a whole number.",
            "min_value": "How many numbers? Type 1 or more.",
            "max_value": "That is too many numbers for one order.",
        },
    )
    key = forms.UUIDField(required=False)

    def idempotency_key(self, request: OrganizationRequest, verb: str) -> str:
        """The same for every press of one page's button."""
        return f"page:{request.user.pk}:{verb}:{self.cleaned_data['key'] or uuid.uuid4()}"

    @property
    def sentence(self) -> str:
        """What is wrong, in one paragraph."""
        return " ".join(str(error) for errors in self.errors.values() for error in errors)


class BuyForm(_Form):
    """An order; ``price_each`` is the monthly price the page has shown."""

    price_each = forms.DecimalField(
        required=False, min_value=Decimal(0), max_digits=10, decimal_places=4
    )


class ReleaseForm(_Form):
    """A release; ``typed`` must be what the page asks to type. One number may be named instead."""

    area_code = forms.CharField(max_length=8, required=False)
    number = forms.CharField(max_length=16, required=False)
    typed = forms.CharField(max_length=40, required=False)


@organization_page(Role.OWNER)
def buy(request: OrganizationRequest, organization: Organization) -> HttpResponse:
    """What the vendor has and what it costs; posting it back buys."""
    service = service_or_404(organization)
    form = BuyForm(request.POST if request.method == "POST" else request.GET)
    if not form.is_valid():
        return _refuse(request, organization, form.sentence)
    wanted = form.cleaned_data
    try:
        if request.method == "POST":
            job = inventory.order_purchase(
                organization,
                wanted["area_code"],
                wanted["limit"],
                actor=request.user,
                price_each=wanted["price_each"],
                idempotency_key=form.idempotency_key(request, "buy"),
            )
            return _to_job(organization, job)
        offer = inventory.offer(organization, wanted["area_code"], wanted["limit"])
    except (NumbersRefused, VendorError) as error:
        return _refuse(request, organization, str(error))
    return render(
        request, BUY, numbers_context(request, organization, service, **_offer_context(offer))
    )


@organization_page(Role.OWNER)
def release(request: OrganizationRequest, organization: Organization) -> HttpResponse:
    """Which numbers would go; they go when what the page asks for was typed."""
    service = service_or_404(organization)
    form = ReleaseForm(request.POST if request.method == "POST" else request.GET)
    if not form.is_valid():
        return _refuse(request, organization, form.sentence)
    wanted = form.cleaned_data
    free = inventory.available(organization, service)
    if is_e164(wanted["number"]):
        free = free.filter(phone_number=wanted["number"])
        to_type = wanted["number"][-4:]
    else:
        free = free.filter(area_code=wanted["area_code"])
        to_type = wanted["area_code"]
    most = free.count()
    if not most:
        return _refuse(request, organization, "None of these numbers is free to be released.")
    count = min(wanted["limit"], most)
    error = ""
    if request.method == "POST":
        if wanted["typed"].strip() == to_type:
            return _release(request, organization, form, count)
        error = f"Type {to_type} to confirm. Nothing was released."
    context = {
        "count": count,
        "most": most,
        "area": area(wanted["area_code"]),
        "number": wanted["number"] if is_e164(wanted["number"]) else "",
        "to_type": to_type,
        "error": error,
        "key": wanted["key"] or uuid.uuid4(),
    }
    return render(
        request,
        RELEASE,
        numbers_context(request, organization, service, **context),
        status=HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK,
    )


def _release(
    request: OrganizationRequest, organization: Organization, form: ReleaseForm, count: int
) -> HttpResponse:
    wanted = form.cleaned_data
    number = wanted["number"] if is_e164(wanted["number"]) else ""
    try:
        job = inventory.order_release(
            organization,
            wanted["area_code"],
            count,
            numbers=[number] if number else (),
            actor=request.user,
            idempotency_key=form.idempotency_key(request, "release"),
        )
    except NumbersRefused as error:
        return _refuse(request, organization, str(error))
    return _to_job(organization, job)


@organization_page(Role.OWNER)
def compare(request: OrganizationRequest, organization: Organization) -> HttpResponse:
    """Ask for the difference between here and the vendor. It changes nothing."""
    service_or_404(organization)
    if request.method != "POST":
        return redirect("service_vendors:phone_numbers", organization.pk)
    job = inventory.order_comparison(organization, actor=request.user)
    return _to_job(organization, job)


@require_safe
@organization_page(Role.ADMIN)
def job_status(
    request: OrganizationRequest, organization: Organization, reference: uuid.UUID
) -> HttpResponse:
    """How far a job came, for htmx: 204 while it is what the page already shows."""
    service_or_404(organization)
    shown = ShownJob(job_or_404(organization, reference))
    if not request.headers.get("HX-Request"):
        return _to_job(organization, shown.job)
    seen = request.GET.get("seen", "")
    if seen == shown.seen:
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    return _answer(request, organization, shown, news=shown.is_news(seen))


@organization_page(Role.OWNER)
def job_cancel(
    request: OrganizationRequest, organization: Organization, reference: uuid.UUID
) -> HttpResponse:
    """Ask a job to stop."""
    service_or_404(organization)
    job = job_or_404(organization, reference)
    if request.method == "POST":
        inventory.cancel(job)
        if request.headers.get("HX-Request"):
            return _answer(request, organization, ShownJob(job), news=True)
    return _to_job(organization, job)


@organization_page(Role.OWNER)
def job_apply(
    request: OrganizationRequest, organization: Organization, reference: uuid.UUID
) -> HttpResponse:
    """Apply the difference that a comparison found."""
    service_or_404(organization)
    job = job_or_404(organization, reference)
    if request.method == "POST":
        try:
            job = inventory.order_sync(
                job, actor=request.user, idempotency_key=f"page:sync:{job.reference}"
            )
        except NumbersRefused as error:
            messages.error(request, str(error))
    return _to_job(organization, job)


def _answer(
    request: OrganizationRequest, organization: Organization, shown: ShownJob, *, news: bool
) -> HttpResponse:
    response = render(
        request,
        "service_vendors/numbers/job_answer.html",
        {
            "organization": organization,
            "shown": shown,
            "news": news,
            "is_owner": Role(request.membership.role).at_least(Role.OWNER),
        },
    )
    if not shown.job.is_open:
        response["HX-Trigger"] = "numbers-changed"
    return response


def _offer_context(offer: Offer) -> dict[str, Any]:
    return {
        "offer": offer,
        "area": area(offer.area_code),
        "price_each": f"{offer.price_each:.2f} {offer.currency}"
        if offer.price_each is not None
        else "",
        "total": f"{offer.total:.2f} {offer.currency}" if offer.total is not None else "",
        "nearby": [] if offer.is_enough else nearby(offer.area_code),
        "key": uuid.uuid4(),
    }


def _price(amount: Decimal | None, currency: str) -> str:
    return "" if amount is None else f"{amount:.2f} {currency}"


def _refuse(request: OrganizationRequest, organization: Organization, words: str) -> HttpResponse:
    """Back to the page, which says why nothing was done."""
    messages.error(request, words)
    return redirect("service_vendors:phone_numbers", organization.pk)


def _to_job(organization: Organization, job: NumberJob) -> HttpResponse:
    address = reverse("service_vendors:phone_numbers", args=(organization.pk,))
    return redirect(f"{address}?job={job.reference}#job-{job.reference}")


urlpatterns: Final = [
    path(f"{ADDRESS}/buy", buy, name="phone_numbers_buy"),
    path(f"{ADDRESS}/release", release, name="phone_numbers_release"),
    path(f"{ADDRESS}/compare", compare, name="phone_numbers_compare"),
    path(f"{ADDRESS}/jobs/<uuid:reference>", job_status, name="number_job"),
    path(f"{ADDRESS}/jobs/<uuid:reference>/cancel", job_cancel, name="phone_numbers_cancel"),
    path(f"{ADDRESS}/jobs/<uuid:reference>/apply", job_apply, name="phone_numbers_apply"),
]
