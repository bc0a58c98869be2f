"""Messages over the API: send one, list them, read what became of one."""

from __future__ import annotations

from typing import ClassVar, Final
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response

from service_vendors.api.access import OrganizationView, caller
from service_vendors.api.serializers import (
    MessageFilterSerializer,
    MessageSerializer,
    NewMessageSerializer,
    ProblemSerializer,
)
from service_vendors.configuration import get_config
from service_vendors.models import Message, Role
from service_vendors.phone import InvalidPhoneNumber, to_e164
from service_vendors.sending import send_message

LONGEST_KEY: Final = 200
REPLAYED: Final = "Idempotent-Replayed"


class NewestFirst(CursorPagination):
    """Pages that stay put while new messages come in."""

    ordering = "-id"
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200


class MessagesView(OrganizationView):
    """The messages of one organization."""

    minimum_roles: ClassVar = {"GET": Role.TEXTER, "POST": Role.TEXTER}
    pagination_class = NewestFirst

    @extend_schema(
        operation_id="messages_list",
        summary="List messages, newest first",
        description="Texters see what they sent; supervolunteers and higher see everything.",
        parameters=[MessageFilterSerializer],
        responses={200: MessageSerializer(many=True), 400: ProblemSerializer},
    )
    def get(self, request: Request, organization_id: int) -> Response:
        """One page of the messages that the caller may see."""
        found = self._filtered(visible_to(self), request)
        pages = self.pagination_class()
        page = pages.paginate_queryset(found, request, view=self)
        return pages.get_paginated_response(MessageSerializer(page, many=True).data)

    @extend_schema(
        operation_id="messages_send",
        summary="Send a message",
        description="Answered as soon as the message is stored; it is sent right afterwards. Ask "
        "for it by its reference to see what became of it.",
        request=NewMessageSerializer,
        parameters=[
            OpenApiParameter(
                "Idempotency-Key",
                str,
                OpenApiParameter.HEADER,
                description="A text of your choice. A request that is repeated with the same key "
                "sends nothing: it is answered with the first one's message and the header "
                f"{REPLAYED}: true.",
            )
        ],
        responses={
            201: MessageSerializer,
            200: OpenApiResponse(MessageSerializer, "Sent before with this key."),
            400: ProblemSerializer,
            409: OpenApiResponse(ProblemSerializer, "No vendor is chosen."),
            422: OpenApiResponse(
                ProblemSerializer,
                "The contact opted out, the key was used for a different message, or the vendor "
                "cannot send this.",
            ),
        },
    )
    def post(self, request: Request, organization_id: int) -> Response:
        """Accept a message, once for each key of the caller's."""
        wanted = NewMessageSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        key = _idempotency_key(request)
        replayed = (
            key is not None
            and Message.objects.filter(organization=self.organization, idempotency_key=key).exists()
        )
        message = send_message(
            self.organization,
            **wanted.validated_data,
            sender=caller(request),
            idempotency_key=key,
        )
        address = reverse("service_vendors:api_message", args=(organization_id, message.reference))
        return Response(
            MessageSerializer(message).data,
            status=status.HTTP_200_OK if replayed else status.HTTP_201_CREATED,
            headers={"Location": address} | ({REPLAYED: "true"} if replayed else {}),
        )

    def _filtered(self, messages: QuerySet[Message], request: Request) -> QuerySet[Message]:
        asked = MessageFilterSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        wanted = {k: v for k, v in asked.validated_data.items() if v is not None}
        if "contact_number" in wanted:
            country = str(get_config("PHONE_NUMBER_COUNTRY", self.organization))
            number = wanted["contact_number"]
            if number.startswith(" "):  # what becomes of a plus that was not encoded
                number = "+" + number[1:]
            try:
                wanted["contact_number"] = to_e164(number, country)
            except InvalidPhoneNumber as error:
                raise ValidationError({"contact_number": [str(error)]}) from error
        return messages.filter(**wanted)


class MessageView(OrganizationView):
    """One message."""

    minimum_roles: ClassVar = {"GET": Role.TEXTER}

    @extend_schema(
        operation_id="messages_read",
        summary="Read one message and what became of it",
        parameters=[OpenApiParameter("reference", OpenApiTypes.UUID, OpenApiParameter.PATH)],
        responses={200: MessageSerializer, 404: ProblemSerializer},
    )
    def get(self, request: Request, organization_id: int, reference: UUID) -> Response:
        """The message with this reference, if the caller may see it."""
        message = visible_to(self).filter(reference=reference).first()
        if message is None:
            raise NotFound("There is no message with this reference that you may see.")
        return Response(MessageSerializer(message).data)


def visible_to(view: OrganizationView) -> QuerySet[Message]:
    """The organization's messages that the caller's role may see."""
    messages = Message.objects.filter(organization=view.organization)
    if view.role.at_least(Role.SUPERVOLUNTEER):
        return messages
    return messages.filter(sender_id=view.membership.user_id)


def _idempotency_key(request: Request) -> str | None:
    """The caller's key, apart from everyone else's. Raises ValidationError."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not 0 < len(key) <= LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise ValidationError(
            f"Idempotency-Key must be 1 to {LONGEST_KEY} printable ASCII characters."
        )
    return f"api:{caller(request).pk}:{key}"
