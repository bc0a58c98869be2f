"""The vendor as the program uses it: what it is called, what it needs, what it can do."""

from __future__ import annotations

from service_vendors import segments
from service_vendors.types import ConfigField, CostData, Feature, SendingRates, Webhook, WebhookKind
from service_vendors.vendors import pictures_in_text
from service_vendors.vendors.nexmo import errors, prices, signatures
from service_vendors.vendors.nexmo.account import WithAccount
from service_vendors.vendors.nexmo.lookups import WithLookups, free_features
from service_vendors.vendors.nexmo.numbers import MESSAGES, WithNumbers
from service_vendors.vendors.nexmo.sending import REPORTS, WithSending
from service_vendors.vendors.nexmo.webhooks import WithWebhooks


class Nexmo(WithSending, WithWebhooks, WithNumbers, WithLookups, WithAccount):
    """Speaks to Vonage's APIs over HTTP, each request once."""

    name = "nexmo"
    aliases = ("vonage",)
    title = "Vonage (Nexmo)"
    documentation_url = "https://developer.vonage.com/en/messaging/sms/overview"
    config_fields = (
        ConfigField(
            "account_id",
            "NEXMO_API_KEY",
            "API key",
            help="Eight letters and digits. In the Vonage dashboard under Settings, API Settings.",
            destination=True,
        ),
        ConfigField(
            "api_secret",
            "NEXMO_API_SECRET",
            "API secret",
            help="In the Vonage dashboard under Settings, API Settings, as API secret 1.",
            secret=True,
        ),
        ConfigField(
            "signature_secret",
            "NEXMO_SIGNATURE_SECRET",
            "Signature secret",
            help="In the Vonage dashboard under Settings, API Settings. Webhooks are signed with "
            "it; what is not signed is refused. While a new one replaces it, write the new and the "
            "old one with a comma between them.",
            secret=True,
        ),
        ConfigField(
            "signature_method",
            "NEXMO_SIGNATURE_METHOD",
            "Signature method",
            help="As it is set in the Vonage dashboard beside the signature secret: md5hash, md5, "
            "sha1, sha256 or sha512.",
            required=False,
            default=signatures.MD5HASH,
        ),
        ConfigField(
            "application_id",
            "NEXMO_APPLICATION_ID",
            "Application ID",
            help="For pictures and lookups. In the Vonage dashboard under Applications.",
            required=False,
        ),
        ConfigField(
            "private_key",
            "NEXMO_PRIVATE_KEY",
            "Private key",
            help="The application's: the whole file private.key that Vonage gave you once.",
            secret=True,
            required=False,
        ),
    )
    config_form = "service_vendors.vendors.nexmo.forms.ConfigForm"
    supports = frozenset({Feature.MMS, Feature.NUMBERS, Feature.LOOKUP}) | free_features()
    webhooks = (
        Webhook(
            MESSAGES,
            WebhookKind.MESSAGES,
            "In the Vonage dashboard under Settings, API Settings, as Inbound SMS webhook; and in "
            "the application, under Messages, as Inbound URL. Numbers bought here have it already.",
            ("GET", "POST"),
        ),
        Webhook(
            REPORTS,
            WebhookKind.REPORTS,
            "In the Vonage dashboard under Settings, API Settings, as Delivery receipts webhook; "
            "and in the application, under Messages, as Status URL. Each message tells Vonage this "
            "address, too.",
            ("GET", "POST"),
        ),
    )
    error_descriptions = errors.DESCRIPTIONS
    # https://api.support.vonage.com/hc/en-us/articles/203993598: 30 requests a second an account,
    # and a US long number one text a second.
    sending_rates = SendingRates(account=30.0)

    @classmethod
    def error_link(cls, code: int) -> str:
        """Vonage's own page about an error code."""
        return errors.link(code)

    @classmethod
    def cost_data(cls, user_number: str) -> CostData:
        """Vonage's prices in the United States."""
        return prices.of(user_number)

    @classmethod
    def count_segments(cls, text: str) -> segments.SegmentCount:
        """How a text travels, without its pictures."""
        return pictures_in_text.count_segments(text)
