"""Contacts over the API: what is known of a number, and looking it up."""

from __future__ import annotations

from typing import ClassVar

from django.core.exceptions import ObjectDoesNotExist
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from service_vendors import lookups, optouts
from service_vendors.api.access import OrganizationView, caller
from service_vendors.api.lookup_serializers import ContactSerializer, LookupOneSerializer
from service_vendors.api.serializers import ProblemSerializer
from service_vendors.configuration import get_config
from service_vendors.models import OrganizationContact, Role
from service_vendors.phone import to_e164

# A program is told to come back rather than kept waiting for somebody else's lookup.
WAIT_SECONDS = 5.0
_NUMBER = OpenApiParameter(
    "contact_number",
    str,
    OpenApiParameter.PATH,
    description="The number, as E.164 or as it is dialled at home.",
)


class ContactView(OrganizationView):
    """One contact."""

    minimum_roles: ClassVar = {"GET": Role.ADMIN}

    @extend_schema(
        operation_id="contacts_read",
        summary="What is known of a number",
        parameters=[_NUMBER],
        responses={200: ContactSerializer, 400: ProblemSerializer},
    )
    def get(self, request: Request, organization_id: int, contact_number: str) -> Response:
        """What is known; a number that nothing is known of has no status."""
        return Response(shown(self, number_of(self, contact_number)))


class ContactLookupView(OrganizationView):
    """Looking one contact up."""

    minimum_roles: ClassVar = {"POST": Role.ADMIN}

    @extend_schema(
        operation_id="contacts_look_up",
        summary="Look a number up",
        description="Asks the vendor, unless it is known already. Whatever costs money takes an "
        "owner. However many ask at once, it is paid for once.",
        parameters=[_NUMBER],
        request=LookupOneSerializer,
        responses={
            200: ContactSerializer,
            400: ProblemSerializer,
            403: OpenApiResponse(ProblemSerializer, "It costs money: only an owner may do this."),
            409: OpenApiResponse(ProblemSerializer, "It is being looked up: ask again soon."),
            422: OpenApiResponse(ProblemSerializer, "The vendor does not tell this."),
            502: OpenApiResponse(ProblemSerializer, "The answer was lost; it may be charged."),
            503: OpenApiResponse(ProblemSerializer, "The vendor cannot be reached now."),
        },
    )
    def post(self, request: Request, organization_id: int, contact_number: str) -> Response:
        """Look it up; what is known now."""
        number = number_of(self, contact_number)
        wanted = LookupOneSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        detail = wanted.validated_data["detail"]
        refuse_to_spend(self, is_free=lookups.offer_for(self.organization, detail).is_free)
        lookups.look_up(
            self.organization,
            number,
            **wanted.validated_data,
            actor=caller(request),
            wait_seconds=WAIT_SECONDS,
        )
        return Response(shown(self, number))


def number_of(view: OrganizationView, typed: str) -> str:
    """The number an address means, as E.164. Raises InvalidPhoneNumber."""
    if typed.startswith(" "):  # what becomes of a plus that was not encoded
        typed = "+" + typed[1:]
    return to_e164(typed, str(get_config("PHONE_NUMBER_COUNTRY", view.organization)))


def refuse_to_spend(view: OrganizationView, *, is_free: bool) -> None:
    """Raise PermissionDenied when the caller may not begin such a lookup."""
    if not view.role.at_least(lookups.least_role(is_free=is_free)):
        raise PermissionDenied(
            f"Your role here is {view.role.label}; a lookup that costs money takes "
            f"{Role.OWNER.label}. Ask an owner of the organization."
        )


def shown(view: OrganizationView, number: str) -> dict[str, object]:
    """What is known of a number, as the API tells it."""
    organization = view.organization
    try:
        contact = OrganizationContact.objects.get(organization=organization, contact_number=number)
    except ObjectDoesNotExist:
        contact = OrganizationContact(organization=organization, contact_number=number)
    told = dict(ContactSerializer(contact).data)
    told["opted_out"] = optouts.is_opted_out(organization, number)
    told["refusal"] = lookups.refusals(organization, [number]).get(number, "")
    return told
