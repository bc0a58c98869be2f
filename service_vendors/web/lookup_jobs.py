"""Looking many numbers up: choose them, see the cost, agree, watch, cancel, fetch the results."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from http import HTTPStatus
from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from service_vendors import lookups
from service_vendors.configuration import active_vendor
from service_vendors.exceptions import LookupRefused, UnknownVendor, UnsupportedFeature
from service_vendors.models import LookupJob, Organization, Role
from service_vendors.types import LookupStatus
from service_vendors.vendors import registry
from service_vendors.web import time_left
from service_vendors.web.access import OrganizationRequest, organization_page, page_context
from service_vendors.web.contact_list import campaigns
from service_vendors.web.contacts import offer_choices, refuse_to_spend
from service_vendors.web.conversations import first_of_page
from service_vendors.web.lookup_forms import AgreeForm, BulkForm

SHOWN_JOBS: Final = 20
ANNOUNCE_EVERY_PERCENT: Final = 10


@dataclass(frozen=True, slots=True)
class Progress:
    """A job as the page shows it."""

    job: LookupJob

    @property
    def is_running(self) -> bool:
        """Whether it changes by itself."""
        return self.job.status == LookupJob.Status.RUNNING

    @property
    def percent(self) -> int:
        """How much is done; 100 only when all is."""
        return self.job.done * 100 // self.job.total if self.job.total else 0

    @property
    def percent_words(self) -> str:
        """The same, as it is written."""
        return f"{self.percent} %"

    @property
    def step(self) -> int:
        """How much is done, told to those who hear the page; not every number is news."""
        return self.percent // ANNOUNCE_EVERY_PERCENT * ANNOUNCE_EVERY_PERCENT

    @property
    def seen(self) -> str:
        """The same as long as the page would look the same."""
        return f"{self.job.status}-{self.step}-{self.job.done}"

    @property
    def left(self) -> timedelta | None:
        """How long the rest takes, as far as what is done tells; None while nobody can say."""
        job = self.job
        if not self.is_running or job.started_at is None or not job.done:
            return None
        return (timezone.now() - job.started_at) / job.done * (job.total - job.done)

    @property
    def time_left(self) -> str:
        """That in words, or ""."""
        left = self.left
        return "" if left is None else time_left.in_words(left.total_seconds())

    @property
    def spent(self) -> str:
        """What it cost so far, in words."""
        return lookups.in_words(self.job.spent, self.job.currency)

    @property
    def spent_words(self) -> str:
        """The same, as long as it may become more."""
        return self.spent if self.job.is_free else f"{self.spent} so far"

    @property
    def cost_words(self) -> str:
        """What it cost or, before anybody agreed to pay, what one number would."""
        job = self.job
        if job.status != LookupJob.Status.READY or job.is_free or job.price is None:
            return self.spent
        return f"{lookups.in_words(job.price, job.currency)} each"

    @property
    def doubtful(self) -> str:
        """What may have been charged besides, in words; "" for nothing."""
        amount = self.job.cost_of(self.job.in_doubt)
        return lookups.in_words(amount, self.job.currency) if amount else ""

    @property
    def found(self) -> list[tuple[int, int]]:
        """How many numbers have which status code, the good ones first."""
        counts = {int(code): count for code, count in self.job.found.items()}
        order = [status.value for status in LookupStatus]
        return sorted(counts.items(), key=lambda item: order.index(item[0]))


@organization_page(Role.ADMIN)
def lookup_jobs(request: OrganizationRequest, organization: Organization) -> HttpResponse:
    """Choose numbers; POST prepares a job and leads to what it costs. Nothing is asked yet."""
    if request.method != "POST":
        return _choose(request, organization, BulkForm(organization))
    form = BulkForm(organization, request.POST, request.FILES)
    job = form.prepare(request.user) if form.is_valid() else None
    if job is None:
        return _choose(request, organization, form, HTTPStatus.UNPROCESSABLE_ENTITY)
    return redirect("service_vendors:lookup_job", organization.pk, job.pk)


@require_safe
@organization_page(Role.ADMIN)
def lookup_job(
    request: OrganizationRequest, organization: Organization, job_id: int
) -> HttpResponse:
    """One job: its cost and the question while nothing is asked, then how far it is."""
    return _job_page(request, organization, _job(organization, job_id))


@require_safe
@organization_page(Role.ADMIN)
def lookup_job_progress(
    request: OrganizationRequest, organization: Organization, job_id: int
) -> HttpResponse:
    """How far a job is, for htmx: 204 while it is what the page already shows."""
    now = Progress(_job(organization, job_id))
    seen = request.GET.get("seen", "")
    if seen == now.seen:
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    told = seen.rpartition("-")[0] != now.seen.rpartition("-")[0]
    context = {
        "organization": organization,
        "progress": now,
        "job": now.job,
        "is_news": told,
        "may_begin": _may_begin(request, now.job),
    }
    return render(request, "service_vendors/lookups/progress.html", context)


@organization_page(Role.ADMIN)
def lookup_job_start(
    request: OrganizationRequest, organization: Organization, job_id: int
) -> HttpResponse:
    """Begin a job; what costs money, an owner has to agree to."""
    job = _job(organization, job_id)
    if request.method == "POST":
        refuse_to_spend(Role(request.membership.role), is_free=job.is_free)
        form = AgreeForm(job, request.POST)
        if not form.is_valid():
            return _job_page(request, organization, job, form, HTTPStatus.UNPROCESSABLE_ENTITY)
        try:
            lookups.start(job, actor=request.user, most_cost=form.cleaned_data["most_cost"])
        except (LookupRefused, UnknownVendor, UnsupportedFeature) as error:
            messages.error(request, str(error))
    return redirect("service_vendors:lookup_job", organization.pk, job.pk)


@organization_page(Role.ADMIN)
def lookup_job_resume(
    request: OrganizationRequest, organization: Organization, job_id: int
) -> HttpResponse:
    """Go on with a job that stopped."""
    job = _job(organization, job_id)
    if request.method == "POST":
        refuse_to_spend(Role(request.membership.role), is_free=job.is_free)
        try:
            lookups.resume(job, actor=request.user)
        except LookupRefused as error:
            messages.error(request, str(error))
    return redirect("service_vendors:lookup_job", organization.pk, job.pk)


@organization_page(Role.ADMIN)
def lookup_job_cancel(
    request: OrganizationRequest, organization: Organization, job_id: int
) -> HttpResponse:
    """End a job; one that nothing was asked for is forgotten."""
    job = _job(organization, job_id)
    if request.method == "POST":
        lookups.cancel(job, actor=request.user)
        if not LookupJob.objects.filter(pk=job.pk).exists():
            messages.info(request, f"Nothing was looked up of {job.title}.")
            return redirect("service_vendors:lookup_jobs", organization.pk)
    return redirect("service_vendors:lookup_job", organization.pk, job.pk)


@require_safe
@organization_page(Role.ADMIN)
def lookup_job_results(
    request: OrganizationRequest, organization: Organization, job_id: int
) -> HttpResponseBase:
    """Each number and what became of it, as CSV."""
    job = _job(organization, job_id)
    name = f"{slugify(job.title) or 'lookup'}-{job.pk}.csv"
    return StreamingHttpResponse(
        lookups.csv_lines(job),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "X-Content-Type-Options": "nosniff",
        },
    )


def _job(organization: Organization, job_id: int) -> LookupJob:
    """The organization's job. Raises Http404."""
    job = None
    if job_id <= first_of_page("9" * 18):
        job = LookupJob.objects.filter(organization=organization, pk=job_id).first()
    if job is None:
        raise Http404("The organization has no such lookup.")
    job.organization = organization
    return job


def _choose(
    request: OrganizationRequest,
    organization: Organization,
    form: BulkForm,
    status: HTTPStatus = HTTPStatus.OK,
) -> HttpResponse:
    jobs = LookupJob.objects.filter(organization=organization).exclude(
        status=LookupJob.Status.PREPARING
    )
    context: dict[str, Any] = page_context(
        request,
        organization,
        form=form,
        choices=offer_choices(organization, Role(request.membership.role)),
        campaigns=campaigns(organization),
        jobs=[Progress(job) for job in jobs.order_by("-pk")[:SHOWN_JOBS]],
    )
    return render(request, "service_vendors/lookups/choose.html", context, status=status)


def _job_page(
    request: OrganizationRequest,
    organization: Organization,
    job: LookupJob,
    form: AgreeForm | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> HttpResponse:
    planned = lookups.estimate(job)
    try:
        vendor = registry.vendor_class(job.service).title
    except UnknownVendor:
        vendor = job.service
    context: dict[str, Any] = page_context(
        request,
        organization,
        job=job,
        progress=Progress(job),
        planned=planned,
        cost=lookups.in_words(planned.cost, job.currency),
        most_cost=planned.cost if planned.cost is not None else Decimal(0),
        price=lookups.in_words(job.price, job.currency),
        vendor=vendor,
        form=form or AgreeForm(job),
        may_begin=_may_begin(request, job),
        is_old_vendor=_is_old_vendor(organization, job),
    )
    return render(request, "service_vendors/lookups/job.html", context, status=status)


def _may_begin(request: OrganizationRequest, job: LookupJob) -> bool:
    role = Role(request.membership.role)
    return role.at_least(lookups.least_role(is_free=job.is_free))


def _is_old_vendor(organization: Organization, job: LookupJob) -> bool:
    """Whether the organization sends over another vendor by now than the one the job asks."""
    try:
        return active_vendor(organization).name != job.service
    except UnknownVendor:
        return True


_ADDRESS: Final = "admin/<int:organization_id>/contacts/lookups"
_JOB: Final = f"{_ADDRESS}/<int:job_id>"
urlpatterns: Final = [
    path(_ADDRESS, lookup_jobs, name="lookup_jobs"),
    path(_JOB, lookup_job, name="lookup_job"),
    path(f"{_JOB}/progress", lookup_job_progress, name="lookup_job_progress"),
    path(f"{_JOB}/start", lookup_job_start, name="lookup_job_start"),
    path(f"{_JOB}/resume", lookup_job_resume, name="lookup_job_resume"),
    path(f"{_JOB}/cancel", lookup_job_cancel, name="lookup_job_cancel"),
    path(f"{_JOB}/results.csv", lookup_job_results, name="lookup_job_results"),
]
