"""People to text, what is known of their numbers, and who asked to be left alone."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from service_vendors.models.organizations import Organization
from service_vendors.types import LookupStatus

LOOKUP_STATUSES = [
    (LookupStatus.TEXTABLE.value, "Textable"),
    (LookupStatus.LANDLINE.value, "Landline"),
    (LookupStatus.INVALID.value, "Not a working number"),
    (LookupStatus.FOREIGN.value, "Outside the country"),
    (LookupStatus.UNSUBSCRIBED.value, "Unsubscribed at the vendor"),
]


class Campaign(models.Model):
    """What vendors and service managers need to know of a texting campaign."""

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="campaigns"
    )
    title = models.CharField(max_length=200)
    is_started = models.BooleanField(default=False)
    is_archived = models.BooleanField(default=False)
    use_own_messaging_service = models.BooleanField(default=False)
    messageservice_sid = models.CharField(max_length=255, blank=True)
    due_by = models.DateTimeField(null=True, blank=True)
    timezone = models.CharField(max_length=64, blank=True)
    features = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.title


class Contact(models.Model):
    """A person in a campaign. ``cell`` is E.164."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="contacts")
    cell = models.CharField(max_length=16)
    first_name = models.CharField(max_length=100, blank=True)
    last_name = models.CharField(max_length=100, blank=True)
    external_id = models.CharField(max_length=100, blank=True)
    zip = models.CharField(max_length=16, blank=True)
    timezone = models.CharField(max_length=64, blank=True)
    custom_fields = models.JSONField(default=dict, blank=True)
    error_code = models.IntegerField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("campaign", "cell"), name="sv_one_contact_a_number"),
        )
        indexes = (models.Index(fields=("cell",), name="sv_contacts_of_a_number"),)

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or self.cell


class OrganizationContact(models.Model):
    """What an organization knows about a number, whoever's it is and in whichever campaigns."""

    class SubscribeStatus(models.IntegerChoices):
        """Spoke's subscribe_status."""

        UNSUBSCRIBED = -1, "Unsubscribed"
        UNKNOWN = 0, "Unknown"
        SUBSCRIBED = 1, "Subscribed"

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="organization_contacts"
    )
    contact_number = models.CharField(max_length=16)
    user_number = models.CharField(max_length=16, blank=True)
    service = models.CharField(max_length=50, blank=True)
    subscribe_status = models.IntegerField(choices=SubscribeStatus, default=SubscribeStatus.UNKNOWN)
    status_code = models.IntegerField(choices=LOOKUP_STATUSES, null=True, blank=True)
    last_error_code = models.IntegerField(null=True, blank=True)
    carrier = models.CharField(max_length=200, blank=True)
    line_type = models.CharField(max_length=50, blank=True)
    lookup_name = models.CharField(max_length=200, blank=True)
    last_lookup = models.DateTimeField(null=True, blank=True)
    # How much that lookup asked (LookupDetail).
    lookup_detail = models.PositiveSmallIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("organization", "contact_number"), name="sv_one_row_a_contact_number"
            ),
        )
        indexes = (
            models.Index(
                fields=("organization", "status_code", "contact_number"),
                name="sv_contacts_of_a_status",
            ),
        )

    def __str__(self) -> str:
        return self.contact_number


class OptOut(models.Model):
    """A contact's wish to be left alone by an organization; in force until ``ended_at``."""

    class Source(models.TextChoices):
        """Where the wish came from."""

        KEYWORD = "KEYWORD", "They texted a keyword"
        VENDOR = "VENDOR", "The vendor reported it"
        PERSON = "PERSON", "Entered by hand"

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="opt_outs"
    )
    cell = models.CharField(max_length=16)
    source = models.CharField(max_length=10, choices=Source)
    message = models.ForeignKey(
        "service_vendors.Message", on_delete=models.SET_NULL, null=True, blank=True
    )
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("organization", "cell"),
                condition=Q(ended_at__isnull=True),
                name="sv_one_opt_out_in_force",
            ),
        )

    def __str__(self) -> str:
        return f"{self.cell} ({self.get_source_display()})"
