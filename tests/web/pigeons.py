"""Two vendors from outside, for the Settings page: what they answer, each test decides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from importlib.metadata import EntryPoint
from typing import ClassVar

from django import forms

from service_vendors import configuration
from service_vendors.models import Organization
from service_vendors.types import (
    ConfigField,
    CostData,
    DeliveryReport,
    Feature,
    InboundMessage,
    InboundPart,
    OutboundMessage,
    SendReceipt,
    Webhook,
    WebhookKind,
    WebhookRequest,
    WebhookTarget,
)
from service_vendors.vendors.base import ServiceVendor
from service_vendors.vendors.registry import ENTRY_POINT_GROUP
from service_vendors.web.vendor_forms import SecretTextarea, VendorConfigForm


class Pigeon(ServiceVendor):
    """A post with an account, a secret, and a basket that need not be named."""

    name = "pigeon"
    title = "Pigeon Post"
    documentation_url = "https://pigeons.example/docs"
    config_fields = (
        ConfigField(
            "account", "PIGEON_ACCOUNT", "Account SID", help="On the front page of your console."
        ),
        ConfigField(
            "token",
            "PIGEON_TOKEN",
            "Auth token",
            help="Beside the Account SID, after “Show”.",
            secret=True,
        ),
        ConfigField("basket", "PIGEON_BASKET", "Basket", required=False, default="wicker"),
    )
    config_form = "tests.web.pigeons.PigeonForm"
    supports = frozenset({Feature.MMS, Feature.NUMBERS, Feature.WEBHOOK_SETUP})
    webhooks = (
        Webhook("pigeon", WebhookKind.MESSAGES, "Under Numbers, “A message comes in”."),
        Webhook("pigeon-report", WebhookKind.REPORTS, "Under Services, “Status callback”."),
    )
    says: ClassVar[Callable[[ServiceVendor], str]] = lambda vendor: "Pigeon Post answers."
    asked: ClassVar[list[dict[str, str]]] = []
    # Where it calls, by the title of the kind of call; and whether that is everybody's affair.
    calls: ClassVar[dict[str, str]] = {}
    is_everybodys: ClassVar[bool] = False

    async def send_message(self, message: OutboundMessage) -> SendReceipt:
        """Take it."""
        return SendReceipt(service_id=f"pigeon-{message.reference}")

    def verify(self, request: WebhookRequest) -> None:
        """Believe everyone."""

    def handle_incoming(
        self, request: WebhookRequest
    ) -> Sequence[InboundMessage | InboundPart | DeliveryReport]:
        """Hear nothing."""
        return []

    async def check_connection(self) -> str:
        """Answer, or fail, as the test says; and remember with what we were asked."""
        Pigeon.asked.append(dict(self.account.config))
        return type(self).says(self)

    async def webhook_targets(self) -> list[WebhookTarget]:
        """As the test says."""
        expected = [self.account.callback(webhook.address) for webhook in self.webhooks]
        return [
            WebhookTarget(title, Pigeon.calls.get(title, ""), url)
            for title, url in zip(("Incoming messages", "Delivery reports"), expected, strict=True)
        ]

    async def point_webhooks_here(self) -> None:
        """Do it."""
        for target in await self.webhook_targets():
            Pigeon.calls[target.title] = target.expected

    def shares_webhooks(self) -> bool:
        """As the test says."""
        return Pigeon.is_everybodys

    @classmethod
    def cost_data(cls, user_number: str) -> CostData:
        """Grain."""
        return CostData("USD", Decimal(0), None, "tests", date(2026, 11, 1))


class Owl(Pigeon):
    """Another one, with a handset and secrets of several lines."""

    name = "owl"
    title = "Owl Mail"
    config_fields = (
        ConfigField("key", "OWL_KEY", "Private key", secret=True),
        ConfigField("feather", "OWL_FEATHER", "Feather", secret=True, required=False),
    )
    config_form = "tests.web.pigeons.OwlForm"
    supports = frozenset({Feature.HANDSET})
    webhooks = (Webhook("owl", WebhookKind.ANY, "Tell the owl."),)


class PigeonForm(VendorConfigForm):
    vendor_class = Pigeon

    basket = forms.ChoiceField(choices=[("", "The usual"), ("wicker", "Wicker"), ("tin", "Tin")])


class OwlForm(VendorConfigForm):
    """Declares one secret with a widget that would show it, the other as it should be."""

    vendor_class = Owl

    key = forms.CharField(widget=forms.Textarea)
    feather = forms.CharField(widget=SecretTextarea)


ENTRY_POINTS = {
    "pigeon": EntryPoint("pigeon", f"{__name__}:Pigeon", ENTRY_POINT_GROUP),
    "owl": EntryPoint("owl", f"{__name__}:Owl", ENTRY_POINT_GROUP),
}


def values(organization: Organization) -> dict[str, str]:
    """What Pigeon Post would be given."""
    return dict(configuration.vendor_account(organization, "pigeon").config)


def fails(error: Exception) -> Callable[[ServiceVendor], str]:
    """A vendor's answer that is a failure."""

    def answer(vendor: ServiceVendor) -> str:
        raise error

    return answer
