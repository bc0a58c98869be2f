"""What phone numbers are in use for, over the API, and taking them out of that use."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from service_vendors import inventory
from service_vendors.api.access import OrganizationView, caller
from service_vendors.api.serializers import ProblemSerializer
from service_vendors.models import Role

KINDS: Final = "messaging_service or campaign"


class NumberUseSerializer(serializers.Serializer[Any]):
    """A messaging service or a campaign that has numbers."""

    kind = serializers.CharField(read_only=True, help_text=KINDS)
    id = serializers.CharField(read_only=True)
    title = serializers.CharField(read_only=True)
    count = serializers.IntegerField(read_only=True)


class TakeOutSerializer(serializers.Serializer[Any]):
    """What numbers are taken out of."""

    kind = serializers.CharField(max_length=50, help_text=KINDS)
    id = serializers.CharField(max_length=255)


class TakenOutSerializer(serializers.Serializer[Any]):
    """What came of it."""

    taken_out = serializers.IntegerField(read_only=True)


class NumberUsesView(OrganizationView):
    """What the organization's numbers are in use for."""

    minimum_roles: ClassVar = {"GET": Role.ADMIN, "POST": Role.OWNER}

    @extend_schema(
        operation_id="phone_numbers_uses",
        summary="List what phone numbers are in use for",
        responses={200: NumberUseSerializer(many=True), 409: ProblemSerializer},
    )
    def get(self, request: Request, organization_id: int) -> Response:
        """Messaging services and campaigns."""
        service = inventory.service_of(self.organization)
        found = inventory.uses(self.organization, service)
        return Response(NumberUseSerializer(found, many=True).data)

    @extend_schema(
        operation_id="phone_numbers_take_out",
        summary="Take all numbers out of a messaging service or a campaign",
        description="Its texts no longer go out from these numbers, which can be released then. "
        "When the vendor fails in the middle, none is available yet; repeating it does no harm.",
        request=TakeOutSerializer,
        responses={
            200: TakenOutSerializer,
            409: OpenApiResponse(ProblemSerializer, "Phone numbers are not managed here."),
            422: OpenApiResponse(ProblemSerializer, "No numbers there, or others need them."),
            503: OpenApiResponse(ProblemSerializer, "The vendor is out of reach."),
        },
    )
    def post(self, request: Request, organization_id: int) -> Response:
        """Take them out."""
        wanted = TakeOutSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        service = inventory.service_of(self.organization)
        use = inventory.use_of(self.organization, service, **wanted.validated_data)
        taken = inventory.take_out_of_use(self.organization, service, use, actor=caller(request))
        return Response(TakenOutSerializer({"taken_out": taken}).data)
