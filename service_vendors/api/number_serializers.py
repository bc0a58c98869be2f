"""What goes in and out of the API about phone numbers."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from service_vendors.api.serializers import told_price
from service_vendors.models import NumberJob, OwnedPhoneNumber


class PhoneNumberSerializer(serializers.ModelSerializer[OwnedPhoneNumber]):
    """A number of the organization's."""

    class Meta:
        model = OwnedPhoneNumber
        fields = (
            "phone_number",
            "area_code",
            "service",
            "service_id",
            "messageservice_sid",
            "allocated_to",
            "allocated_to_id",
            "allocated_at",
            "monthly_price",
            "created_at",
        )
        read_only_fields = fields


class PhoneNumberFilterSerializer(serializers.Serializer[Any]):
    """Which numbers to list."""

    area_code = serializers.CharField(required=False, max_length=8, help_text="Only of this one.")
    available = serializers.BooleanField(
        required=False,
        allow_null=True,
        default=None,
        help_text="Only those that could be released (true), only the others (false).",
    )


class AreaCountSerializer(serializers.Serializer[Any]):
    """How many numbers there are in an area code."""

    area_code = serializers.CharField(source="area.code", read_only=True)
    region = serializers.CharField(source="area.region", read_only=True)
    total = serializers.IntegerField(read_only=True)
    available = serializers.IntegerField(read_only=True)


class OfferRequestSerializer(serializers.Serializer[Any]):
    """What one might buy."""

    area_code = serializers.CharField(max_length=8)
    limit = serializers.IntegerField(min_value=1, max_value=100_000, default=1)


class OfferSerializer(serializers.Serializer[Any]):
    """What the vendor has of it and what that costs."""

    area_code = serializers.CharField(read_only=True)
    asked = serializers.IntegerField(read_only=True)
    available = serializers.IntegerField(read_only=True)
    price_each = told_price(10, 4, "The most that one of them costs a month.")
    total = told_price(12, 4, "What all of them cost a month; null when the vendor does not say.")
    currency = serializers.CharField(read_only=True)


class NewNumberJobSerializer(serializers.Serializer[Any]):
    """An order about numbers."""

    kind = serializers.ChoiceField(choices=NumberJob.Kind.choices)
    area_code = serializers.CharField(
        default="", allow_blank=True, max_length=8, help_text="For BUY and RELEASE."
    )
    limit = serializers.IntegerField(
        default=None,
        allow_null=True,
        min_value=1,
        max_value=100_000,
        help_text="For BUY and RELEASE: how many at most.",
    )
    price_each = serializers.DecimalField(
        max_digits=10,
        decimal_places=4,
        min_value=0,
        default=None,
        allow_null=True,
        help_text="For BUY: the most that one number may cost a month.",
    )
    numbers = serializers.ListField(
        child=serializers.RegexField(r"^\+[1-9][0-9]{6,14}$", max_length=16),
        default=list,
        max_length=1_000,
        help_text="For RELEASE: these numbers (E.164) instead of any of an area code.",
    )
    comparison = serializers.UUIDField(
        default=None,
        allow_null=True,
        help_text="For SYNC: the reference of the comparison that is to be applied.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """What a kind needs has to be there."""
        kind, missing = attrs["kind"], {}
        if kind in {NumberJob.Kind.BUY, NumberJob.Kind.RELEASE}:
            if not attrs["area_code"] and not (kind == NumberJob.Kind.RELEASE and attrs["numbers"]):
                missing["area_code"] = ["Name an area code."]
            if attrs["limit"] is None and not attrs["numbers"]:
                missing["limit"] = ["Say how many at most."]
        if kind == NumberJob.Kind.SYNC and attrs["comparison"] is None:
            missing["comparison"] = ["Name the comparison that is to be applied."]
        if missing:
            raise serializers.ValidationError(missing)
        return attrs


class NumberJobSerializer(serializers.ModelSerializer[NumberJob]):
    """An order about numbers, and what became of it."""

    reference = serializers.UUIDField(read_only=True)
    kind = serializers.ChoiceField(choices=NumberJob.Kind.choices, read_only=True)
    state = serializers.ChoiceField(choices=NumberJob.State.choices, read_only=True)
    outcome = serializers.CharField(
        read_only=True, help_text="How it ended, or why it takes longer; in words."
    )
    difference = serializers.SerializerMethodField(
        help_text="What a comparison found: gone (here but not there), found (there but not here) "
        "and changed, as lists of numbers; null for other orders."
    )

    class Meta:
        model = NumberJob
        fields = (
            "reference",
            "kind",
            "state",
            "area_code",
            "limit",
            "done",
            "failed",
            "outcome",
            "difference",
            "actor_name",
            "cancel_requested_at",
            "created_at",
            "started_at",
            "finished_at",
        )
        read_only_fields = fields

    def get_difference(self, job: NumberJob) -> dict[str, list[str]] | None:
        """The numbers of a comparison."""
        if job.kind != NumberJob.Kind.COMPARE or job.state != NumberJob.State.DONE:
            return None
        return {
            "gone": [one["phone_number"] for one in job.details.get("gone", [])],
            "found": [one["phone_number"] for one in job.details.get("found", [])],
            "changed": list(job.details.get("changed", [])),
        }
