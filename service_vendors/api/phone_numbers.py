"""Phone numbers over the API: what there is, what more would cost, and orders about them.

The roles are those of the page: admins see, owners spend.
"""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from service_vendors import inventory
from service_vendors.api.access import OrganizationView, caller
from service_vendors.api.idempotency import idempotency_key, is_repetition, key_parameter, made_once
from service_vendors.api.number_serializers import (
    AreaCountSerializer,
    NewNumberJobSerializer,
    NumberJobSerializer,
    OfferRequestSerializer,
    OfferSerializer,
    PhoneNumberFilterSerializer,
    PhoneNumberSerializer,
)
from service_vendors.api.pages import LargePages, one_page
from service_vendors.api.serializers import ProblemSerializer
from service_vendors.models import NumberJob, OwnedPhoneNumber, Role

_REFERENCE = OpenApiParameter("reference", OpenApiTypes.UUID, OpenApiParameter.PATH)


class PhoneNumbersView(OrganizationView):
    """The numbers of one organization."""

    minimum_roles: ClassVar = {"GET": Role.ADMIN}
    pagination_class = LargePages

    @extend_schema(
        operation_id="phone_numbers_list",
        summary="List phone numbers, the last bought first",
        parameters=[PhoneNumberFilterSerializer],
        responses={200: PhoneNumberSerializer(many=True), 409: ProblemSerializer},
    )
    def get(self, request: Request, organization_id: int) -> Response:
        """One page of them."""
        asked = PhoneNumberFilterSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        found = self._wanted(asked.validated_data)
        return one_page(
            found, PhoneNumberSerializer, self.pagination_class, request=request, view=self
        )

    def _wanted(self, asked: dict[str, Any]) -> QuerySet[OwnedPhoneNumber]:
        return inventory.owned(
            self.organization,
            inventory.service_of(self.organization),
            area_code=asked.get("area_code", ""),
            is_available=asked["available"],
        )


class AreaCountsView(OrganizationView):
    """The numbers of one organization, counted."""

    minimum_roles: ClassVar = {"GET": Role.ADMIN}

    @extend_schema(
        operation_id="phone_numbers_count",
        summary="Count phone numbers by area code",
        responses={200: AreaCountSerializer(many=True), 409: ProblemSerializer},
    )
    def get(self, request: Request, organization_id: int) -> Response:
        """All area codes there are."""
        service = inventory.service_of(self.organization)
        counts = inventory.counts(self.organization, service)
        return Response(AreaCountSerializer(counts, many=True).data)


class OfferView(OrganizationView):
    """What the vendor would sell."""

    minimum_roles: ClassVar = {"GET": Role.OWNER}

    @extend_schema(
        operation_id="phone_numbers_offer",
        summary="Ask the vendor for numbers and their price; buys nothing",
        parameters=[OfferRequestSerializer],
        responses={200: OfferSerializer, 409: ProblemSerializer, 422: ProblemSerializer},
    )
    def get(self, request: Request, organization_id: int) -> Response:
        """The offer as it is now."""
        asked = OfferRequestSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        return Response(
            OfferSerializer(inventory.offer(self.organization, **asked.validated_data)).data
        )


class NumberJobsView(OrganizationView):
    """Orders about numbers."""

    minimum_roles: ClassVar = {"GET": Role.ADMIN, "POST": Role.OWNER}
    pagination_class = LargePages

    @extend_schema(
        operation_id="number_jobs_list",
        summary="List orders about phone numbers, newest first",
        responses={200: NumberJobSerializer(many=True), 409: ProblemSerializer},
    )
    def get(self, request: Request, organization_id: int) -> Response:
        """One page of them."""
        inventory.service_of(self.organization)
        jobs = NumberJob.objects.filter(organization=self.organization)
        return one_page(
            jobs, NumberJobSerializer, self.pagination_class, request=request, view=self
        )

    @extend_schema(
        operation_id="number_jobs_order",
        summary="Buy, release, compare or sync phone numbers",
        description="Answered as soon as the order is stored; it is carried out right afterwards. "
        "Ask for it by its reference to see how far it is. BUY needs an Idempotency-Key: without "
        "one, a request whose answer was lost could not be repeated without buying twice.",
        request=NewNumberJobSerializer,
        parameters=[key_parameter("does nothing", "order")],
        responses={
            202: NumberJobSerializer,
            200: OpenApiResponse(NumberJobSerializer, "Ordered before with this key."),
            400: ProblemSerializer,
            409: OpenApiResponse(ProblemSerializer, "Phone numbers are not managed here."),
            422: OpenApiResponse(
                ProblemSerializer, "A limit would be broken, or the key was used otherwise."
            ),
        },
    )
    def post(self, request: Request, organization_id: int) -> Response:
        """Accept an order, once for each key of the caller's."""
        wanted = NewNumberJobSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        key = idempotency_key(request)
        if key is None and wanted.validated_data["kind"] == NumberJob.Kind.BUY:
            raise ValidationError("Send an Idempotency-Key: a text of your choice, a new one each.")
        repeated = is_repetition(NumberJob.objects.filter(organization=self.organization), key)
        job = self._ordered(wanted.validated_data, request, key)
        address = reverse("service_vendors:api_number_job", args=(organization_id, job.reference))
        return made_once(
            NumberJobSerializer(job).data,
            address,
            repeated=repeated,
            status_code=status.HTTP_202_ACCEPTED,
        )

    def _ordered(self, wanted: dict[str, Any], request: Request, key: str | None) -> NumberJob:
        actor, kind = caller(request), NumberJob.Kind(wanted["kind"])
        if kind is NumberJob.Kind.BUY:
            return inventory.order_purchase(
                self.organization,
                wanted["area_code"],
                wanted["limit"],
                actor=actor,
                price_each=wanted["price_each"],
                idempotency_key=key,
            )
        if kind is NumberJob.Kind.RELEASE:
            return inventory.order_release(
                self.organization,
                wanted["area_code"],
                wanted["limit"] or len(wanted["numbers"]),
                numbers=wanted["numbers"],
                actor=actor,
                idempotency_key=key,
            )
        if kind is NumberJob.Kind.COMPARE:
            return inventory.order_comparison(self.organization, actor=actor, idempotency_key=key)
        comparison = _job_of(self, wanted["comparison"])
        return inventory.order_sync(comparison, actor=actor, idempotency_key=key)


class NumberJobView(OrganizationView):
    """One order."""

    minimum_roles: ClassVar = {"GET": Role.ADMIN}

    @extend_schema(
        operation_id="number_jobs_read",
        summary="Read one order and how far it is",
        parameters=[_REFERENCE],
        responses={200: NumberJobSerializer, 404: ProblemSerializer},
    )
    def get(self, request: Request, organization_id: int, reference: UUID) -> Response:
        """The order with this reference."""
        return Response(NumberJobSerializer(_job_of(self, reference)).data)


class NumberJobCancelView(OrganizationView):
    """Stopping one order."""

    minimum_roles: ClassVar = {"POST": Role.OWNER}

    @extend_schema(
        operation_id="number_jobs_cancel",
        summary="Ask an order to stop",
        description="What is under way is brought to its end first.",
        request=None,
        parameters=[_REFERENCE],
        responses={200: NumberJobSerializer, 404: ProblemSerializer},
    )
    def post(self, request: Request, organization_id: int, reference: UUID) -> Response:
        """Wish for it; an order that is over stays as it is."""
        job = _job_of(self, reference)
        inventory.cancel(job)
        return Response(NumberJobSerializer(job).data)


def _job_of(view: OrganizationView, reference: UUID) -> NumberJob:
    """The organization's order. Raises NotFound."""
    inventory.service_of(view.organization)
    job = NumberJob.objects.filter(organization=view.organization, reference=reference).first()
    if job is None:
        raise NotFound("The organization has no order with this reference.")
    return job
