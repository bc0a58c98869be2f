"""What the Settings page shows, gathered for its templates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Max

from service_vendors import conf
from service_vendors.configuration import VendorStatus, vendor_of, vendor_status
from service_vendors.models import AuditEntry, Organization, WebhookEvent
from service_vendors.types import Feature, VendorMetadata, Webhook
from service_vendors.vendors import registry
from service_vendors.web.access import OrganizationRequest, page_context
from service_vendors.web.trial import TrialForm, trial_of
from service_vendors.web.vendor_choice import ChoiceForm
from service_vendors.web.vendor_forms import VendorConfigForm, form_for

AUDIT_PAGE: Final = 20


@dataclass(frozen=True, slots=True)
class WebhookLine:
    """An address to paste into the vendor's console, and when it was last called."""

    id: str
    url: str
    webhook: Webhook
    last_received: datetime | None


@dataclass(frozen=True, slots=True)
class VendorSection:
    """One vendor's part of the page."""

    service: str
    vendor: VendorMetadata
    is_active: bool
    status: VendorStatus
    form: VendorConfigForm
    webhooks: list[WebhookLine]

    @property
    def is_open(self) -> bool:
        """Whether it is shown unfolded."""
        return self.is_active or self.form.is_bound

    @property
    def has_handset(self) -> bool:
        """Whether it texts nobody and a page shows what the contact would see."""
        return Feature.HANDSET in self.vendor.features

    @property
    def features(self) -> str:
        """What it can do beyond texts, in words."""
        words = sorted(feature.value for feature in self.vendor.features)
        return ", ".join(words).replace("mms", "MMS")


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One audit entry, with the settings by the names the page gives them."""

    entry: AuditEntry
    fields: list[str]


@dataclass(frozen=True, slots=True)
class AuditTrail:
    """A page of the audit trail, newest first; ``older`` begins the next one, 0 for none."""

    lines: list[AuditLine]
    older: int
    is_newest: bool


def settings_context(
    request: OrganizationRequest,
    organization: Organization,
    *,
    vendor_form: VendorConfigForm | None = None,
    choice_form: ChoiceForm | None = None,
    trial_form: TrialForm | None = None,
) -> dict[str, Any]:
    """Everything on the page; a form that was refused is given and shown with its errors."""
    status = vendor_status(organization)
    sections = [_section(organization, name, status, vendor_form) for name in registry.available()]
    return page_context(
        request,
        organization,
        status=status,
        on_settings_page=True,
        active=next((section for section in sections if section.is_active), None),
        sections=sorted(sections, key=lambda section: not section.is_active),
        choice_form=choice_form or ChoiceForm(organization),
        refused_form=next(
            (form for form in (vendor_form, choice_form) if form is not None and form.errors), None
        ),
        has_public_address=bool(conf.text("BASE_URL")),
        trial_form=trial_form or TrialForm(),
        trial=trial_of(organization, request.GET.get("test", "")),
        audit=audit_trail(organization, request.GET.get("before", "")),
    )


def audit_trail(organization: Organization, before: str = "") -> AuditTrail:
    """The newest entries, or those older than the one with the id ``before``."""
    entries = AuditEntry.objects.filter(organization=organization)
    is_older = before.isdecimal() and len(before) < 19
    if is_older:
        entries = entries.filter(pk__lt=int(before))
    found = list(entries[: AUDIT_PAGE + 1])
    shown = found[:AUDIT_PAGE]
    return AuditTrail(
        lines=[AuditLine(entry, _field_titles(entry)) for entry in shown],
        older=shown[-1].pk if len(found) > AUDIT_PAGE else 0,
        is_newest=not is_older,
    )


def _section(
    organization: Organization,
    service: str,
    status: VendorStatus,
    refused: VendorConfigForm | None,
) -> VendorSection:
    is_active = status.active is not None and status.active.name == service
    own = refused is not None and refused.service == service
    return VendorSection(
        service=service,
        vendor=registry.vendor_class(service).get_metadata(),
        is_active=is_active,
        status=status if is_active else vendor_status(organization, service),
        form=refused if refused and own else form_for(organization, service),
        webhooks=_webhooks(organization, service),
    )


def _webhooks(organization: Organization, service: str) -> list[WebhookLine]:
    vendor = vendor_of(organization, service)
    received = dict(
        WebhookEvent.objects.filter(organization=organization, service=service)
        .order_by()
        .values("address")
        .annotate(last=Max("received_at"))
        .values_list("address", "last")
    )
    return [
        WebhookLine(
            id=f"webhook-{webhook.address}",
            url=vendor.account.callback(webhook.address),
            webhook=webhook,
            last_received=received.get(webhook.address),
        )
        for webhook in vendor.webhooks
    ]


def _field_titles(entry: AuditEntry) -> list[str]:
    """The changed settings by their titles, in the vendor's order; others by their names."""
    vendor_class = registry.available().get(entry.service)
    titles = {f.name: f.title for f in vendor_class.config_fields} if vendor_class else {}
    known = [title for name, title in titles.items() if name in entry.fields]
    return known + [name for name in entry.fields if name not in titles]
