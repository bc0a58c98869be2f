"""Lookups of many numbers over the API: begin one, see how far it is, cancel it."""

from __future__ import annotations

from typing import Any, ClassVar

from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from service_vendors import lookups
from service_vendors.api.access import LARGEST_ID, OrganizationView, caller
from service_vendors.api.contacts import number_of, refuse_to_spend
from service_vendors.api.idempotency import idempotency_key, key_parameter, made_once
from service_vendors.api.lookup_serializers import LookupJobSerializer, NewLookupSerializer
from service_vendors.api.serializers import ProblemSerializer
from service_vendors.exceptions import LookupRefused
from service_vendors.models import Campaign, LookupJob, Role
from service_vendors.phone import InvalidPhoneNumber

MOST_ERRORS = 20
_JOB = OpenApiParameter("job_id", int, OpenApiParameter.PATH)


class LookupsView(OrganizationView):
    """The lookups of one organization."""

    minimum_roles: ClassVar = {"POST": Role.ADMIN}

    @extend_schema(
        operation_id="lookups_begin",
        summary="Look up a campaign or a list of numbers",
        description="Answered as soon as it has begun. What costs money takes an owner, and "
        "`most_cost`: without it, the answer says what it may cost.",
        request=NewLookupSerializer,
        parameters=[key_parameter("begins nothing", "lookup")],
        responses={
            201: LookupJobSerializer,
            200: OpenApiResponse(LookupJobSerializer, "Begun before with this key."),
            400: ProblemSerializer,
            403: OpenApiResponse(ProblemSerializer, "It costs money: only an owner may do this."),
            404: OpenApiResponse(ProblemSerializer, "There is no such campaign."),
            409: OpenApiResponse(ProblemSerializer, "No vendor is chosen."),
            422: OpenApiResponse(
                ProblemSerializer, "It may cost more than `most_cost`, or has no numbers."
            ),
        },
    )
    def post(self, request: Request, organization_id: int) -> Response:
        """Begin a lookup, once for each key of the caller's."""
        wanted = NewLookupSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        chosen, key = wanted.validated_data, idempotency_key(request)
        offer = lookups.offer_for(self.organization, chosen["detail"])
        refuse_to_spend(self, is_free=offer.is_free)
        first = lookups.of_key(self.organization, key) if key is not None else None
        job = first or self._prepared(request, chosen, key)
        if job.status == LookupJob.Status.READY:
            try:
                job = lookups.start(job, actor=caller(request), most_cost=chosen["most_cost"])
            except LookupRefused:
                lookups.cancel(job, actor=caller(request))
                raise
        address = reverse("service_vendors:api_lookup", args=(organization_id, job.pk))
        return made_once(LookupJobSerializer(job).data, address, repeated=bool(first))

    def _prepared(self, request: Request, chosen: dict[str, Any], key: str | None) -> LookupJob:
        detail, actor = chosen["detail"], caller(request)
        if chosen["campaign"] is None:
            return lookups.prepare(
                self.organization,
                self._numbers(chosen["numbers"]),
                source=LookupJob.Source.NUMBERS,
                title="A list of numbers",
                detail=detail,
                actor=actor,
                idempotency_key=key,
            )
        campaign = Campaign.objects.filter(
            organization=self.organization, pk=chosen["campaign"]
        ).first()
        if campaign is None:
            raise NotFound("There is no campaign with this id in the organization.")
        return lookups.prepare_campaign(campaign, detail=detail, actor=actor, idempotency_key=key)

    def _numbers(self, typed: list[str]) -> list[str]:
        """The numbers as E.164. Raises ValidationError, which tells the first bad ones."""
        good, errors = [], []
        for index, text in enumerate(typed):
            try:
                good.append(number_of(self, text))
            except InvalidPhoneNumber as error:
                errors.append(f"{index}: {error}")
        if errors:
            raise ValidationError({"numbers": errors[:MOST_ERRORS]})
        return good


class LookupView(OrganizationView):
    """One lookup of many numbers."""

    minimum_roles: ClassVar = {"GET": Role.ADMIN, "DELETE": Role.ADMIN}

    @extend_schema(
        operation_id="lookups_read",
        summary="How far a lookup is, and what it found",
        parameters=[_JOB],
        responses={200: LookupJobSerializer, 404: ProblemSerializer},
    )
    def get(self, request: Request, organization_id: int, job_id: int) -> Response:
        """The lookup with this id."""
        return Response(LookupJobSerializer(self._job(job_id)).data)

    @extend_schema(
        operation_id="lookups_cancel",
        summary="Cancel a lookup",
        description="What was looked up stays known. One that is over stays as it is.",
        parameters=[_JOB],
        responses={200: LookupJobSerializer, 404: ProblemSerializer},
    )
    def delete(self, request: Request, organization_id: int, job_id: int) -> Response:
        """Ask about no more of its numbers."""
        job = lookups.cancel(self._job(job_id), actor=caller(request))
        return Response(LookupJobSerializer(job).data)

    def _job(self, job_id: int) -> LookupJob:
        found = LookupJob.objects.filter(organization=self.organization, started_at__isnull=False)
        job = found.filter(pk=job_id).first() if job_id <= LARGEST_ID else None
        if job is None:
            raise NotFound("There is no lookup with this id in the organization.")
        return job
