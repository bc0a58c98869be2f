"""What the Settings page shows, gathered for its templates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from django.db.models import OuterRef, Subquery, prefetch_related_objects

from service_vendors import conf
from service_vendors.configuration import VendorStatus, status_of, vendor_of, vendor_status
from service_vendors.models import AuditEntry, Campaign, Organization, WebhookEvent
from service_vendors.sending import breaker
from service_vendors.sending.breaker import Standing
from service_vendors.types import Feature, VendorMetadata, Webhook
from service_vendors.vendors import registry
from service_vendors.vendors.base import ServiceVendor
from service_vendors.web.access import OrganizationRequest, page_context
from service_vendors.web.account_setup import SetupPanel, setup_panel
from service_vendors.web.card_form import CardForm
from service_vendors.web.hours_form import HoursForm
from service_vendors.web.manager_offer import OfferedManager, offered_managers
from service_vendors.web.pointing import Pointing
from service_vendors.web.rates_form import RatesCard, RatesForm
from service_vendors.web.trial import TrialForm, trial_of
from service_vendors.web.vendor_choice import ChoiceForm
from service_vendors.web.vendor_forms import VendorConfigForm, form_for
from service_vendors.web.vendor_trouble import fallbacks_of

AUDIT_PAGE: Final = 20
CARD_FORMS: Final[tuple[type[CardForm], ...]] = (HoursForm, RatesForm)


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
    breaker: Standing
    form: VendorConfigForm
    webhooks: list[WebhookLine]
    pointing: Pointing | None
    managers: list[OfferedManager]
    setup: SetupPanel | None

    @property
    def is_open(self) -> bool:
        """Whether it is shown unfolded."""
        under_way = self.setup is not None and self.setup.is_open
        asked = self.form.is_bound or self.pointing is not None
        return self.is_active or asked or under_way or not self.breaker.is_closed

    @property
    def has_handset(self) -> bool:
        """Whether it texts nobody and a page shows what the contact would see."""
        return Feature.HANDSET in self.vendor.features

    @property
    def points_webhooks(self) -> bool:
        """Whether it can be told where to call, from here."""
        return Feature.WEBHOOK_SETUP in self.vendor.features

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
    card_form: CardForm | None = None,
    pointing: Mapping[str, Pointing] = MappingProxyType({}),
) -> dict[str, Any]:
    """Everything on the page; a form that was refused is given and shown with its errors.

    ``pointing`` is what was asked of vendors about where they call, by their names.
    """
    prefetch_related_objects([organization], "vendor_configs")
    received = _last_received(organization)
    # Each once: it costs a look for its secrets.
    vendors = {name: vendor_of(organization, name) for name in registry.available()}
    sections = [
        _section(organization, vendor, vendor_form, pointing.get(name), received)
        for name, vendor in vendors.items()
    ]
    active = next((section for section in sections if section.is_active), None)
    choice_form = choice_form or ChoiceForm(organization)
    choice_form.ready = {section.service: section.status.ready for section in sections}
    forms = _card_forms(organization, card_form)
    return page_context(
        request,
        organization,
        status=active.status if active else vendor_status(organization),
        on_settings_page=True,
        active=active,
        fallbacks=fallbacks_of(organization, active.service if active else "", choice_form.ready),
        campaigns=_campaigns_at_stake(choice_form, active),
        sections=sorted(sections, key=lambda section: not section.is_active),
        choice_form=choice_form,
        refused_form=next(
            (
                form
                for form in (vendor_form, choice_form, card_form)
                if form is not None and form.errors
            ),
            None,
        ),
        has_public_address=bool(conf.text("BASE_URL")),
        trial_form=trial_form or TrialForm(),
        trial=trial_of(organization, request.GET.get("test", "")),
        audit=audit_trail(organization, request.GET.get("before", "")),
        rates=RatesCard(vendors[active.service] if active else None, forms["rates_form"]),
        **forms,
    )


def _card_forms(organization: Organization, refused: CardForm | None) -> dict[str, CardForm]:
    """The cards' forms by their names in the context; the refused one in its place."""
    return {
        f"{form_class.name}_form": refused
        if isinstance(refused, form_class)
        else form_class(organization)
        for form_class in CARD_FORMS
    }


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
    vendor: ServiceVendor,
    refused: VendorConfigForm | None,
    pointing: Pointing | None,
    received: Mapping[str, datetime],
) -> VendorSection:
    service = vendor.name
    status = status_of(organization, vendor)
    own = refused is not None and refused.service == service
    vendor_class = registry.vendor_class(service)
    return VendorSection(
        service=service,
        vendor=vendor_class.get_metadata(),
        is_active=status.active is not None and status.active.name == service,
        status=status,
        breaker=breaker.standing(vendor.account_name),
        form=refused if refused and own else form_for(organization, service),
        webhooks=_webhooks(vendor, received),
        pointing=pointing,
        managers=offered_managers(organization, vendor_class),
        setup=setup_panel(organization, vendor_class),
    )


def _campaigns_at_stake(choice: ChoiceForm, active: VendorSection | None) -> list[Campaign]:
    """The running campaigns, where something on the page could change how they text."""
    can_be_set_up = active is not None and active.vendor.supports_org_config
    return choice.campaigns if choice.warns or can_be_set_up else []


def _last_received(organization: Organization) -> dict[str, datetime]:
    """When each vendor's addresses were last called: one look into the index for each of them."""
    addresses = [
        webhook.address
        for vendor_class in registry.available().values()
        for webhook in vendor_class.webhooks
    ]
    events = WebhookEvent.objects.filter(organization=OuterRef("pk")).order_by("-id")
    last = [
        Subquery(events.filter(address=address).values("received_at")[:1]) for address in addresses
    ]
    names = [f"called_{number}" for number in range(len(addresses))]
    row = (
        Organization.objects.filter(pk=organization.pk)
        .annotate(**dict(zip(names, last, strict=True)))
        .values_list(*names)
        .get()
    )
    return {address: at for address, at in zip(addresses, row, strict=True) if at is not None}


def _webhooks(vendor: ServiceVendor, received: Mapping[str, datetime]) -> list[WebhookLine]:
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
