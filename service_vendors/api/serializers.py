"""What goes in and out of the API. No secret has a field here."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field, inline_serializer
from rest_framework import serializers

from service_vendors.models import Membership, Message, Role, SendStatus, Step
from service_vendors.sending.circuit import State
from service_vendors.sending.timeline import Entry
from service_vendors.types import ErrorDescription
from service_vendors.vendors import registry


def told_price(max_digits: int, decimal_places: int, help_text: str) -> serializers.DecimalField:
    """A field that tells what something costs, in the vendor's currency; null if not known."""
    return serializers.DecimalField(
        max_digits, decimal_places, allow_null=True, read_only=True, help_text=help_text
    )


class OrganizationSerializer(serializers.ModelSerializer[Membership]):
    """An organization the caller belongs to, with their role in it."""

    id = serializers.IntegerField(source="organization_id", read_only=True)
    name = serializers.CharField(source="organization.name", read_only=True)
    role = serializers.ChoiceField(choices=Role.choices, read_only=True)

    class Meta:
        model = Membership
        fields = ("id", "name", "role")


class ErrorSerializer(serializers.Serializer[ErrorDescription]):
    """Why a message failed: the vendor's code, what it means, and the vendor's page about it."""

    code = serializers.IntegerField(allow_null=True, read_only=True)
    description = serializers.CharField(read_only=True)
    link = serializers.CharField(read_only=True)


class MediaSerializer(serializers.Serializer[dict[str, str]]):
    """A picture or other file, by its address."""

    url = serializers.CharField(read_only=True)
    content_type = serializers.CharField(read_only=True)


class MessageSerializer(serializers.ModelSerializer[Message]):
    """A message and what became of it."""

    reference = serializers.UUIDField(read_only=True, help_text="Our id of the message.")
    media = MediaSerializer(many=True, read_only=True)
    send_status = serializers.ChoiceField(choices=SendStatus.choices, read_only=True)
    status_reason = serializers.CharField(
        read_only=True, help_text="Why it is in this status, in words; often empty."
    )
    error = serializers.SerializerMethodField(help_text="What went wrong; null unless it failed.")

    class Meta:
        model = Message
        fields: tuple[str, ...] = (
            "reference",
            "contact_number",
            "user_number",
            "is_from_contact",
            "text",
            "media",
            "service",
            "service_id",
            "messageservice_sid",
            "send_status",
            "status_reason",
            "error",
            "created_at",
            "queued_at",
            "sent_at",
            "service_response_at",
            "send_before",
        )
        read_only_fields = fields

    @extend_schema_field(ErrorSerializer(allow_null=True))
    def get_error(self, message: Message) -> dict[str, Any] | None:
        """The failure in words; the vendor need not be active any more."""
        if message.error_code is None:
            if message.send_status != SendStatus.ERROR:
                return None
            return {"code": None, "description": message.status_reason, "link": ""}
        vendor_class = registry.available().get(message.service)
        described = (
            vendor_class.error_description(message.error_code)
            if vendor_class
            else ErrorDescription(message.error_code, message.status_reason)
        )
        return ErrorSerializer(described).data


class StepSerializer(serializers.Serializer[Entry]):
    """One step of what happened to a message."""

    at = serializers.DateTimeField(read_only=True)
    step = serializers.ChoiceField(
        choices=[(step.value, step.value) for step in Step], read_only=True, help_text="What it is."
    )
    title = serializers.CharField(read_only=True, help_text="The same in words.")
    detail = serializers.CharField(read_only=True, help_text="More words; often empty.")
    error = ErrorSerializer(
        allow_null=True, read_only=True, help_text="The vendor's code, where it gave one."
    )
    until = serializers.DateTimeField(
        allow_null=True, read_only=True, help_text="Nothing more happens before this time."
    )
    occurred_at = serializers.DateTimeField(
        allow_null=True, read_only=True, help_text="When it happened by the vendor's clock."
    )
    times = serializers.IntegerField(
        read_only=True, help_text="How often in a row; the first time was at `at`."
    )
    last_at = serializers.DateTimeField(
        allow_null=True, read_only=True, help_text="The last time, if there were several."
    )
    reference = serializers.CharField(
        read_only=True, help_text="The other message that it is about; often empty."
    )


class MessageWithHistorySerializer(MessageSerializer):
    """A message, and what happened to it."""

    history = serializers.SerializerMethodField(
        help_text="Step by step, the oldest first, for admins and owners; null for others. It "
        "holds no text and no phone number."
    )

    class Meta(MessageSerializer.Meta):
        fields = (*MessageSerializer.Meta.fields, "history")
        read_only_fields = fields

    @extend_schema_field(StepSerializer(many=True, allow_null=True))
    def get_history(self, message: Message) -> list[dict[str, Any]] | None:
        """The steps that the view gives in the context: not everyone may see them."""
        steps: list[Entry] | None = self.context["history"]
        return None if steps is None else [dict(StepSerializer(step).data) for step in steps]


class NewMessageSerializer(serializers.Serializer[Message]):
    """A message to send."""

    contact_number = serializers.CharField(
        max_length=50, help_text="The person's number, as E.164 or as it is dialled at home."
    )
    text = serializers.CharField(default="", allow_blank=True, trim_whitespace=False)
    media = serializers.ListField(
        child=serializers.CharField(max_length=2_000),
        default=list,
        help_text="Addresses of pictures on the public internet, beginning with https://.",
    )
    user_number = serializers.CharField(
        default="",
        allow_blank=True,
        max_length=50,
        help_text="The number to send from. Without it the conversation's own number is used, or "
        "else the vendor picks one.",
    )
    send_before = serializers.DateTimeField(
        default=None, allow_null=True, help_text="It is not sent after this time."
    )


class MessageFilterSerializer(serializers.Serializer[Message]):
    """Which messages to list."""

    contact_number = serializers.CharField(
        required=False, trim_whitespace=False, help_text="Only with this number."
    )
    send_status = serializers.ChoiceField(
        choices=SendStatus.choices, required=False, help_text="Only in this status."
    )
    is_from_contact = serializers.BooleanField(
        required=False,
        allow_null=True,
        default=None,
        help_text="Only replies (true), only what was sent (false).",
    )


class ReadinessSerializer(serializers.Serializer[Any]):
    """One line of the checklist "ready to text?"."""

    title = serializers.CharField(read_only=True)
    ready = serializers.BooleanField(read_only=True)
    remedy = serializers.CharField(read_only=True, help_text="What to do when it is not ready.")


class VendorTroubleSerializer(serializers.Serializer[Any]):
    """The circuit breaker of the vendor's account, while it is not closed."""

    state = serializers.ChoiceField(
        choices=[State.OPEN.value, State.HALF_OPEN.value], read_only=True
    )
    since = serializers.DateTimeField(read_only=True)
    last_error = serializers.CharField(read_only=True, help_text="What went wrong last.")
    next_try = serializers.DateTimeField(
        read_only=True, help_text="When a few texts try again; the others follow."
    )


class VendorStatusSerializer(serializers.Serializer[Any]):
    """Whether the organization can text now, and what is missing."""

    # Made by a call because a serializer class has a ``source`` of its own.
    active = inline_serializer(
        "ActiveVendor",
        fields={
            "name": serializers.CharField(read_only=True),
            "source": serializers.ChoiceField(
                choices=("organization", "environment"),
                read_only=True,
                help_text="Who chose it: the organization, or the installation for all of them.",
            ),
        },
        allow_null=True,
        read_only=True,
    )
    ready = serializers.BooleanField(read_only=True)
    reason = serializers.CharField(read_only=True, help_text="What is missing; empty when ready.")
    checklist = ReadinessSerializer(many=True, read_only=True)
    trouble = VendorTroubleSerializer(
        allow_null=True,
        read_only=True,
        help_text="Why texts wait although the vendor is set up; null while they go out.",
    )
    settings = serializers.DictField(
        child=serializers.CharField(),
        allow_null=True,
        read_only=True,
        help_text="The vendor's settings, for owners; null for others. Of a secret it only says "
        "that it is set.",
    )


class NewTokenSerializer(serializers.Serializer[Any]):
    """A token to make."""

    expires_in_days = serializers.IntegerField(default=30, min_value=1, max_value=365)


class TokenSerializer(serializers.Serializer[Any]):
    """A token, without what makes it work."""

    id = serializers.CharField(source="token_key", read_only=True, help_text="How it begins.")
    created = serializers.DateTimeField(read_only=True)
    expiry = serializers.DateTimeField(read_only=True)


class MadeTokenSerializer(TokenSerializer):
    """A token that was just made."""

    token = serializers.CharField(
        read_only=True, help_text="Shown this once. Send it as Authorization: Token ..."
    )


# Made by a call, too: a serializer class has ``fields`` of its own.
ProblemSerializer = inline_serializer(
    "Problem",
    fields={
        "code": serializers.CharField(help_text="For programs."),
        "detail": serializers.CharField(help_text="For people: what to do."),
        "fields": serializers.DictField(
            child=serializers.ListField(child=serializers.CharField()),
            required=False,
            help_text="What is wrong with single fields.",
        ),
    },
)
