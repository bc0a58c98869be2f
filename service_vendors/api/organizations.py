"""Organizations over the API: which are mine, and can they text?"""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from service_vendors.api.access import ApiView, OrganizationView, caller
from service_vendors.api.serializers import (
    OrganizationSerializer,
    ProblemSerializer,
    VendorStatusSerializer,
)
from service_vendors.configuration import vendor_of, vendor_status
from service_vendors.models import Membership, Role
from service_vendors.sending import breaker


class OrganizationsView(ApiView):
    """The caller's organizations."""

    @extend_schema(
        operation_id="organizations_list",
        summary="List my organizations",
        responses={200: OrganizationSerializer(many=True)},
    )
    def get(self, request: Request) -> Response:
        """The caller's organizations, each with the caller's role."""
        mine = Membership.objects.filter(user_id=caller(request).pk).select_related("organization")
        ordered = mine.order_by("organization__name", "organization_id")
        return Response(OrganizationSerializer(ordered, many=True).data)


class VendorView(OrganizationView):
    """The vendor of one organization."""

    minimum_roles: ClassVar = {"GET": Role.ADMIN}

    @extend_schema(
        operation_id="vendor_status",
        summary="Can the organization text, and what is missing?",
        responses={
            200: VendorStatusSerializer,
            403: ProblemSerializer,
            404: ProblemSerializer,
        },
    )
    def get(self, request: Request, organization_id: int) -> Response:
        """The vendor's status; its settings, without secrets, for owners only."""
        found = vendor_status(self.organization)
        standing = breaker.standing(found.account) if found.account else None
        shown: dict[str, Any] = {
            "active": found.active,
            "ready": found.ready,
            "reason": found.reason,
            "checklist": found.checklist,
            "trouble": None if standing is None or standing.is_closed else standing,
            "settings": None,
        }
        if found.active and self.role.at_least(Role.OWNER):
            vendor = vendor_of(self.organization, found.active.name)
            shown["settings"] = vendor.get_service_config(obscure_sensitive_information=True)
        return Response(VendorStatusSerializer(shown).data)
