"""The vendor as the program uses it: what it is called, what it needs, what it can do."""

from __future__ import annotations

from collections.abc import Sequence

from service_vendors import conf, segments
from service_vendors.types import (
    ConfigField,
    CostData,
    DeliveryReport,
    Feature,
    InboundMessage,
    InboundPart,
    SendingRates,
    Webhook,
    WebhookAnswer,
    WebhookKind,
    WebhookRequest,
)
from service_vendors.vendors import pictures_in_text
from service_vendors.vendors.twilio import errors, prices, webhooks
from service_vendors.vendors.twilio import settings as installation
from service_vendors.vendors.twilio.account import WithAccount
from service_vendors.vendors.twilio.lookups import WithLookups
from service_vendors.vendors.twilio.numbers import WithNumbers
from service_vendors.vendors.twilio.sending import WithSending
from service_vendors.vendors.twilio.services import WithMessagingServices
from service_vendors.vendors.twilio.transport import tokens


class Twilio(WithSending, WithNumbers, WithMessagingServices, WithLookups, WithAccount):
    """Speaks to Twilio through its official SDK."""

    name = "twilio"
    title = "Twilio"
    documentation_url = "https://www.twilio.com/docs/messaging"
    config_fields = (
        ConfigField(
            "account_sid",
            "TWILIO_ACCOUNT_SID",
            "Account SID",
            help="Begins with AC. On the first page of the Twilio console, under Account Info.",
            destination=True,
            old_env=("TWILIO_API_KEY",),
        ),
        ConfigField(
            "auth_token",
            "TWILIO_AUTH_TOKEN",
            "Auth Token",
            help="Beside the Account SID. It also proves that webhooks come from Twilio. While a "
            "new one replaces it, write the new and the old one with a comma between them.",
            secret=True,
        ),
        ConfigField(
            "message_service_sid",
            "TWILIO_MESSAGE_SERVICE_SID",
            "Messaging service SID",
            help="Begins with MG. In the Twilio console under Messaging, Services. Messages are "
            "sent from its numbers.",
            required=False,
        ),
        ConfigField(
            "api_key_sid",
            "TWILIO_API_KEY_SID",
            "API key SID",
            help="Begins with SK. Optional: a standard API key that speaks to Twilio in place of "
            "the Auth Token.",
            required=False,
        ),
        ConfigField(
            "api_key_secret",
            "TWILIO_API_KEY_SECRET",
            "API key secret",
            help="Twilio shows it once, when the key is made.",
            secret=True,
            required=False,
        ),
    )
    config_form = "service_vendors.vendors.twilio.forms.ConfigForm"
    supports = frozenset(
        {
            Feature.MMS,
            Feature.NUMBERS,
            Feature.MESSAGING_SERVICES,
            Feature.LOOKUP,
            Feature.FIND_MESSAGE,
            Feature.WEBHOOK_SETUP,
        }
    )
    settings = installation.ALL
    org_config_setting = installation.MULTI_ORG
    base_url_setting = installation.BASE_CALLBACK_URL
    webhooks = (
        Webhook(
            "twilio",
            WebhookKind.MESSAGES,
            "In the messaging service, under Integration: “Send a webhook”, as Request URL.",
            ("POST", "GET"),
        ),
        Webhook(
            "twilio-message-report",
            WebhookKind.REPORTS,
            "In the messaging service, under Integration, as Delivery status callback. Each "
            "message tells Twilio this address, too.",
            ("POST", "GET"),
        ),
    )
    error_descriptions = errors.DESCRIPTIONS
    max_text_characters = 1600
    # A messaging service queues by itself, for as long as its campaign and numbers need. Numbers:
    # https://support.twilio.com/hc/en-us/articles/115002943027 (1 a long code, 100 a short code,
    # 10 a name) and https://support.twilio.com/hc/en-us/articles/4411046744987 (3 toll-free).
    sending_rates = SendingRates()

    @classmethod
    def error_link(cls, code: int) -> str:
        """Twilio's own page about an error code."""
        return errors.link(code)

    @classmethod
    def cost_data(cls, user_number: str) -> CostData:
        """Twilio's list prices in the United States for sending from a number."""
        return prices.of(user_number)

    @classmethod
    def count_segments(cls, text: str) -> segments.SegmentCount:
        """How a text travels, without its pictures, and plain where Twilio makes it so."""
        smart = bool(conf.read(installation.SMART_ENCODED))
        return pictures_in_text.count_segments(text, smart_encoding=smart)

    # -- webhooks -----------------------------------------------------------------------------

    def verify(self, request: WebhookRequest) -> None:
        """Raise WebhookRejected unless Twilio signed this with one of the account's tokens."""
        webhooks.verify(request, tokens(self.account), self.account.callback_base)

    def handle_incoming(
        self, request: WebhookRequest
    ) -> Sequence[InboundMessage | InboundPart | DeliveryReport]:
        """Everything a verified request says. Raises ValueError on nonsense."""
        return webhooks.read(request, tokens(self.account), self.account.organization_id)

    def webhook_answer(self, request: WebhookRequest) -> WebhookAnswer:
        """An empty TwiML document: there is nothing to say back."""
        return webhooks.ANSWER
