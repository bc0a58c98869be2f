"""A vendor that does no more than every vendor must: it sends and receives texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from decimal import Decimal

from service_vendors.exceptions import PermanentVendorError
from service_vendors.testing import Company, Taken, VendorContract
from service_vendors.types import (
    ConfigField,
    CostData,
    DeliveryReport,
    InboundMessage,
    InboundPart,
    OutboundMessage,
    ReportStatus,
    SendReceipt,
    Webhook,
    WebhookKind,
    WebhookRequest,
)
from service_vendors.vendors.base import ServiceVendor
from service_vendors.vendors.fakeservice.contract import LocalCompany
from service_vendors.vendors.fakeservice.server import FakeServiceServer
from service_vendors.vendors.fakeservice.vendor import FakeService
from service_vendors.web.vendor_forms import VendorConfigForm


class BareVendor(ServiceVendor):
    """Speaks to the fake company, through the vendor that can do more."""

    name = "bare"
    title = "Bare"
    config_fields = (
        ConfigField("api_url", "BARE_URL", "Address", help="Where it is."),
        ConfigField("account_sid", "BARE_SID", "Account", help="Who we are."),
        ConfigField("api_key", "BARE_KEY", "Key", help="On the account's page.", secret=True),
    )
    config_form = "tests.vendors.bare_vendor.BareForm"
    webhooks = (Webhook("bare", WebhookKind.ANY, "Paste it into the console."),)
    error_descriptions = {404: "The number is not in service."}  # noqa: RUF012 - never changed

    @property
    def _speaker(self) -> FakeService:
        return FakeService(self.account)

    async def send_message(self, message: OutboundMessage) -> SendReceipt:
        """Send a text."""
        if message.media:
            raise PermanentVendorError("Bare sends no pictures.")
        return await self._speaker.send_message(message)

    def verify(self, request: WebhookRequest) -> None:
        """As the company signs."""
        self._speaker.verify(request)

    def handle_incoming(
        self, request: WebhookRequest
    ) -> Sequence[InboundMessage | InboundPart | DeliveryReport]:
        """As the company writes."""
        return self._speaker.handle_incoming(request)

    async def check_connection(self) -> str:
        """As the company answers."""
        return await self._speaker.check_connection()

    @classmethod
    def cost_data(cls, user_number: str) -> CostData:
        """Texts only."""
        return CostData("USD", Decimal("0.01"), None, "https://example.org", date(2026, 11, 1))


class BareForm(VendorConfigForm):
    """Every field as it is declared."""

    vendor_class = BareVendor


class BareCompany(LocalCompany):
    """Joins parts itself, and reports only what became of a message in the end."""

    signs_with = "api_key"

    def __init__(self, server: FakeServiceServer) -> None:
        super().__init__(server)
        self._config = {k: v for k, v in self._config.items() if k != "signing_secret"}

    def part(self, part: InboundPart) -> None:  # type: ignore[override]  # the contract allows it
        """There are none."""

    def report(  # type: ignore[override]  # the contract allows it
        self, message: Taken, status: ReportStatus, error_code: int | None
    ) -> WebhookRequest | None:
        """Delivered or failed."""
        if status is ReportStatus.SENT:
            return None
        return super().report(message, status, error_code)


class BareContract(VendorContract):
    """A vendor that does little keeps the contract, too."""

    vendor_class = BareVendor
    proof_headers = ("x-webhook-signature",)

    @contextmanager
    def open_company(self) -> Iterator[Company]:
        """The fake company."""
        with FakeServiceServer() as server:
            yield BareCompany(server)
