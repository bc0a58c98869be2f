"""The operators' pages: to look, and to mend what has no page of its own.

What only the engine or ``configuration`` may write is read-only here, and no secret is shown:
encrypted columns do not appear at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from service_vendors.models import (
    AuditEntry,
    Campaign,
    Contact,
    Membership,
    Message,
    MessagePart,
    OptOut,
    Organization,
    OrganizationContact,
    OwnedPhoneNumber,
    VendorConfig,
    WebhookEvent,
)
from service_vendors.sending import timeline

if TYPE_CHECKING:  # generic to the type checker only
    _ModelAdmin = admin.ModelAdmin[Any]
    _MembershipInline = admin.TabularInline[Membership, Organization]
else:
    _ModelAdmin = admin.ModelAdmin
    _MembershipInline = admin.TabularInline


class ReadOnlyAdmin(_ModelAdmin):
    """For rows that have one writer, and it is not a person."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds one by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody changes one by hand."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody deletes one by hand."""
        return False


class MembershipInline(_MembershipInline):
    """Who belongs to an organization, and as what."""

    model = Membership
    extra = 1
    raw_id_fields = ("user",)


@admin.register(Organization)
class OrganizationAdmin(_ModelAdmin):
    """Tenants and their members. None is deleted here: the numbers it bought would be lost."""

    list_display = ("name", "id", "created_at")
    search_fields = ("name",)
    inlines = (MembershipInline,)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Not by hand."""
        return False


@admin.register(Campaign)
class CampaignAdmin(_ModelAdmin):
    """Campaigns, as far as vendors and managers need them."""

    list_display = ("title", "organization", "is_started", "is_archived", "due_by")
    list_filter = ("is_started", "is_archived")
    list_select_related = ("organization",)
    search_fields = ("title",)
    autocomplete_fields = ("organization",)


@admin.register(Contact)
class ContactAdmin(_ModelAdmin):
    """People in campaigns."""

    list_display = ("cell", "first_name", "last_name", "campaign")
    list_select_related = ("campaign",)
    search_fields = ("=cell",)
    autocomplete_fields = ("campaign",)


@admin.register(OptOut)
class OptOutAdmin(ReadOnlyAdmin):
    """Who asked to be left alone."""

    list_display = ("cell", "organization", "source", "created_at", "ended_at")
    list_filter = ("source",)
    list_select_related = ("organization",)
    search_fields = ("=cell",)


@admin.register(OrganizationContact)
class OrganizationContactAdmin(ReadOnlyAdmin):
    """What is known of a number."""

    list_display = ("contact_number", "organization", "carrier", "status_code", "subscribe_status")
    list_filter = ("status_code", "subscribe_status")
    list_select_related = ("organization",)
    search_fields = ("=contact_number",)


@admin.register(OwnedPhoneNumber)
class OwnedPhoneNumberAdmin(ReadOnlyAdmin):
    """Bought numbers. Only the inventory buys and releases."""

    list_display = ("phone_number", "organization", "service", "allocated_to", "created_at")
    list_filter = ("service",)
    list_select_related = ("organization",)
    search_fields = ("=phone_number",)


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    """Texts, out and in."""

    list_display = (
        "reference",
        "organization",
        "contact_number",
        "is_from_contact",
        "send_status",
        "error_code",
        "created_at",
    )
    list_filter = ("send_status", "is_from_contact", "service")
    list_select_related = ("organization",)
    search_fields = ("=contact_number", "=service_id", "=reference")
    ordering = ("-id",)
    readonly_fields = ("reference", "what_happened")

    @admin.display(description="History")
    def what_happened(self, message: Message) -> SafeString:
        """Its steps in words, a line each, in UTC."""
        lines = (
            (f"{entry.at:%Y-%m-%d %H:%M:%S}", entry.title, entry.detail)
            for entry in timeline.timeline(message)
        )
        return format_html_join(SafeString("<br>"), "{} {}. {}", lines)


@admin.register(MessagePart)
class MessagePartAdmin(ReadOnlyAdmin):
    """Pieces of long texts."""

    list_display = ("contact_number", "organization", "index", "total", "message", "created_at")
    list_select_related = ("organization", "message")
    search_fields = ("=contact_number",)
    ordering = ("-id",)


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnlyAdmin):
    """The inbox. Headers and raw bodies stay out of sight: they may carry credentials."""

    list_display = (
        "id",
        "service",
        "address",
        "organization",
        "status",
        "attempts",
        "received_at",
        "last_error",
    )
    list_filter = ("status", "service")
    list_select_related = ("organization",)
    exclude = ("headers", "query", "body", "url", "claim_token")
    ordering = ("-id",)


@admin.register(VendorConfig)
class VendorConfigAdmin(ReadOnlyAdmin):
    """Which organization has settings of which vendor, and who saved them last; no values."""

    list_display = ("organization", "service", "version", "updated_at", "updated_by")
    list_filter = ("service",)
    list_select_related = ("organization", "updated_by")
    exclude = ("config",)


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """Who changed what."""

    list_display = ("created_at", "organization", "actor_name", "action", "service", "summary")
    list_filter = ("action", "service")
    list_select_related = ("organization",)
    search_fields = ("actor_name", "summary")
