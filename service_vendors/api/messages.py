"""Messages over the API: send one, list them, read what became of one."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from service_vendors.api.access import OrganizationView, caller
from service_vendors.api.contacts import number_of
from service_vendors.api.idempotency import idempotency_key, is_repetition, key_parameter, made_once
from service_vendors.api.pages import NewestFirst, one_page
from service_vendors.api.serializers import (
    MessageFilterSerializer,
    MessageSerializer,
    MessageWithHistorySerializer,
    NewMessageSerializer,
    ProblemSerializer,
)
from service_vendors.models import Message, Origin, Role
from service_vendors.phone import InvalidPhoneNumber
from service_vendors.sending import send_message, timeline


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
        return one_page(found, MessageSerializer, self.pagination_class, request=request, view=self)

    @extend_schema(
        operation_id="messages_send",
        summary="Send a message",
        description="Answered as soon as the message is stored; it is sent right afterwards. Ask "
        "for it by its reference to see what became of it.",
        request=NewMessageSerializer,
        parameters=[key_parameter("sends nothing", "message")],
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
        key = idempotency_key(request)
        repeated = is_repetition(Message.objects.filter(organization=self.organization), key)
        message = send_message(
            self.organization,
            **wanted.validated_data,
            sender=caller(request),
            idempotency_key=key,
            origin=Origin.API,
        )
        address = reverse("service_vendors:api_message", args=(organization_id, message.reference))
        return made_once(MessageSerializer(message).data, address, repeated=repeated)

    def _filtered(self, messages: QuerySet[Message], request: Request) -> QuerySet[Message]:
        asked = MessageFilterSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        wanted = {k: v for k, v in asked.validated_data.items() if v is not None}
        if "contact_number" in wanted:
            try:
                wanted["contact_number"] = number_of(self, wanted["contact_number"])
            except InvalidPhoneNumber as error:
                raise ValidationError({"contact_number": [str(error)]}) from error
        return messages.filter(**wanted)


class MessageView(OrganizationView):
    """One message."""

    minimum_roles: ClassVar = {"GET": Role.TEXTER}

    @extend_schema(
        operation_id="messages_read",
        summary="Read one message and what became of it",
        description="For admins and owners with everything that happened to it, step by step.",
        parameters=[OpenApiParameter("reference", OpenApiTypes.UUID, OpenApiParameter.PATH)],
        responses={200: MessageWithHistorySerializer, 404: ProblemSerializer},
    )
    def get(self, request: Request, organization_id: int, reference: UUID) -> Response:
        """The message with this reference, if the caller may see it."""
        message = visible_to(self).filter(reference=reference).first()
        if message is None:
            raise NotFound("There is no message with this reference that you may see.")
        steps = timeline.timeline(message) if self.role.at_least(Role.ADMIN) else None
        told = MessageWithHistorySerializer(message, context={"history": steps})
        return Response(told.data)


def visible_to(view: OrganizationView) -> QuerySet[Message]:
    """The organization's messages that the caller's role may see."""
    messages = Message.objects.filter(organization=view.organization)
    if view.role.at_least(Role.SUPERVOLUNTEER):
        return messages
    return messages.filter(sender_id=view.membership.user_id)
