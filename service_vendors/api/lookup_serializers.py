"""What goes in and out of the API about contacts' numbers and lookups of them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from service_vendors.api.serializers import told_price
from service_vendors.models import LookupJob, OrganizationContact
from service_vendors.types import LookupDetail, LookupStatus

DETAILS: Final = {detail.name.lower(): detail for detail in LookupDetail}
STATUSES: Final = {status.value: status.name.lower() for status in LookupStatus}
MOST_NUMBERS: Final = 10_000


class DetailField(serializers.ChoiceField):
    """How much to look up: status (for free where the vendor offers that), carrier or name."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=list(DETAILS), **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        """The detail of this name."""
        return DETAILS[super().to_internal_value(data)]

    def to_representation(self, value: Any) -> Any:
        """Its name."""
        return LookupDetail(value).name.lower()


class StatusField(serializers.ChoiceField):
    """What is known of a number, in a word; null while nothing is."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=list(STATUSES.values()), allow_null=True, **kwargs)

    def to_representation(self, value: Any) -> Any:
        """The status code's word."""
        return None if value is None else STATUSES[value]


class ContactSerializer(serializers.ModelSerializer[OrganizationContact]):
    """What an organization knows of a number."""

    status = StatusField(source="status_code", read_only=True)
    name = serializers.CharField(
        source="lookup_name", read_only=True, help_text="Whose number it is, as a lookup told."
    )
    last_lookup_detail = serializers.SerializerMethodField(
        help_text="How much the last lookup asked: status, carrier or name; null before the first."
    )
    opted_out = serializers.BooleanField(
        read_only=True, help_text="Whether the contact asked not to be texted."
    )
    refusal = serializers.CharField(
        read_only=True, help_text="Why texts to this number are refused; empty when they are not."
    )

    class Meta:
        model = OrganizationContact
        fields = (
            "contact_number",
            "status",
            "status_code",
            "carrier",
            "line_type",
            "name",
            "last_lookup",
            "last_lookup_detail",
            "last_error_code",
            "opted_out",
            "refusal",
        )
        read_only_fields = fields

    def get_last_lookup_detail(self, contact: OrganizationContact) -> str | None:
        """The detail's name."""
        asked = contact.lookup_detail
        return None if asked is None else LookupDetail(asked).name.lower()


class LookupOneSerializer(serializers.Serializer[Any]):
    """Looking one number up."""

    detail = DetailField(default=LookupDetail.STATUS)
    newer_than = serializers.DateTimeField(
        default=None,
        allow_null=True,
        help_text="Ask again, unless somebody has done so after this time. Without it, what is "
        "known is believed for LOOKUP_MAX_AGE_DAYS.",
    )


class NewLookupSerializer(serializers.Serializer[Any]):
    """A lookup of many numbers."""

    campaign = serializers.IntegerField(
        default=None,
        allow_null=True,
        min_value=1,
        max_value=2**63 - 1,
        help_text="Everyone in the campaign with this id.",
    )
    numbers = serializers.ListField(
        child=serializers.CharField(max_length=50),
        default=None,
        allow_null=True,
        max_length=MOST_NUMBERS,
        help_text="These numbers, as E.164 or as they are dialled at home.",
    )
    detail = DetailField(default=LookupDetail.STATUS)
    most_cost = serializers.DecimalField(
        default=None,
        allow_null=True,
        max_digits=14,
        decimal_places=5,
        min_value=Decimal(0),
        help_text="The most you agree to spend, in the vendor's currency. A lookup that may cost "
        "more does not begin; the answer says what it may cost.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Either a campaign or numbers."""
        if (attrs["campaign"] is None) is (attrs["numbers"] is None):
            raise serializers.ValidationError("Give either a campaign or numbers.")
        return attrs


class LookupJobSerializer(serializers.ModelSerializer[LookupJob]):
    """A lookup of many numbers, and how far it is."""

    status = serializers.ChoiceField(choices=LookupJob.Status.choices, read_only=True)
    status_reason = serializers.CharField(
        read_only=True, help_text="Why it stopped, in words; often empty."
    )
    detail = DetailField(read_only=True)
    price = told_price(10, 5, "Of one number; null where the vendor lists none.")
    spent = told_price(14, 5, "What the answers cost so far, at that price.")
    done = serializers.IntegerField(read_only=True, help_text="Numbers that need nothing any more.")
    found = serializers.SerializerMethodField(help_text="How many numbers have which status.")

    class Meta:
        model = LookupJob
        fields = (
            "id",
            "status",
            "status_reason",
            "title",
            "service",
            "detail",
            "total",
            "done",
            "known",
            "looked_up",
            "failed",
            "in_doubt",
            "found",
            "price",
            "spent",
            "currency",
            "created_at",
            "started_at",
            "finished_at",
        )
        read_only_fields = fields

    @extend_schema_field(serializers.DictField(child=serializers.IntegerField()))
    def get_found(self, job: LookupJob) -> Mapping[str, int]:
        """By the statuses' words."""
        return {STATUSES[int(code)]: count for code, count in job.found.items()}
