"""The vendor as the program uses it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from urllib.parse import quote

from service_vendors import conf
from service_vendors.exceptions import (
    ConfigurationRejected,
    PermanentVendorError,
    SendUncertain,
    VendorNotConfigured,
)
from service_vendors.types import (
    ConfigField,
    ContactInfo,
    CostData,
    DeliveryReport,
    Feature,
    HandsetMessage,
    InboundMessage,
    InboundPart,
    LookupStatus,
    Media,
    OutboundMessage,
    ReportStatus,
    SendingRates,
    SendReceipt,
    ServiceManagerData,
    Webhook,
    WebhookKind,
    WebhookRequest,
    WebhookTarget,
)
from service_vendors.vendors.fakeservice import api, errors, webhooks
from service_vendors.vendors.fakeservice.numbers import WithNumbers
from service_vendors.vendors.fakeservice.setup import ADDRESS, WithAutoConfigure

_LINE_STATUS: Final = {
    "mobile": LookupStatus.TEXTABLE,
    "voip": LookupStatus.TEXTABLE,
    "landline": LookupStatus.LANDLINE,
}


class FakeService(WithNumbers, WithAutoConfigure):
    """Speaks to a company that texts nobody: ``manage.py fakeservice`` runs it."""

    name = "fakeservice"
    title = "Fakeservice"
    documentation_url = f"{api.DEFAULT_URL}/"
    config_fields = (
        ConfigField(
            "api_url",
            "FAKESERVICE_API_URL",
            "API address",
            help="Where the fake company listens; it prints this when it starts.",
            default=api.DEFAULT_URL,
            destination=True,
        ),
        ConfigField(
            "account_sid",
            "FAKESERVICE_ACCOUNT_SID",
            "Account SID",
            help="The name of your account. The fake company opens one for any name.",
            default="demo",
        ),
        ConfigField(
            "api_key",
            "FAKESERVICE_API_KEY",
            "API key",
            help="The fake company takes any key, except one that contains “wrong”.",
            secret=True,
        ),
        ConfigField(
            "signing_secret",
            "FAKESERVICE_SIGNING_SECRET",
            "Webhook signing secret",
            help="What webhooks are signed with; the API key where this is empty. "
            "While you replace it, the new and the old one, with a comma between them.",
            secret=True,
            required=False,
        ),
    )
    config_form = "service_vendors.vendors.fakeservice.forms.ConfigForm"
    # A copy for a real company lists what it offers.
    supports = frozenset(Feature)
    webhooks = (
        Webhook(
            ADDRESS,
            WebhookKind.ANY,
            "Nothing to paste: each message tells the fake company this address.",
        ),
    )
    error_descriptions = errors.DESCRIPTIONS
    # A copy for a real company says how fast that takes texts.
    sending_rates = SendingRates.unlimited()

    @classmethod
    def error_link(cls, code: int) -> str:
        """The company's page about an error code."""
        address = conf.environment("FAKESERVICE_API_URL") or api.DEFAULT_URL
        return f"{address.rstrip('/')}/errors/{code}"

    # -- sending ------------------------------------------------------------------------------

    async def send_message(self, message: OutboundMessage) -> SendReceipt:
        """Hand one message to the company, at most once."""
        pool = message.messageservice_sid or self.get_message_service_sid(
            message.contact_number, message.text
        )
        order = {
            "to": message.contact_number,
            "from": message.user_number,
            "pool": pool,
            "text": message.text,
            "media": list(message.media),
            "reference": message.reference,
            "callback": self._callback(),
        }
        answer = await api.call(self.account, "POST", "/messages", json=order, acts=True)
        service_id, user_number = answer.get("id"), answer.get("from")
        if not (isinstance(service_id, str) and isinstance(user_number, str)):
            raise SendUncertain("Fakeservice took this and did not say under which id.")
        return SendReceipt(service_id, user_number, messageservice_sid=pool or None)

    async def find_message(self, message: OutboundMessage) -> SendReceipt | None:
        """The message with this reference, if the company ever took it."""
        found = await api.call(
            self.account, "GET", "/messages", params={"reference": message.reference}
        )
        for one in found.get("messages", ()):
            failed = one["status"] == "failed"
            return SendReceipt(
                service_id=one["id"],
                user_number=one["number"],
                messageservice_sid=one["pool"] or None,
                status=ReportStatus.ERROR if failed else ReportStatus.DELIVERED,
                error_code=one["error_code"],
            )
        return None

    # -- webhooks -----------------------------------------------------------------------------

    def verify(self, request: WebhookRequest) -> None:
        """Raise WebhookRejected unless the company signed this."""
        candidates = [*self.config("signing_secret").split(","), self.config("api_key")]
        webhooks.verify(request, [one.strip() for one in candidates if one.strip()])

    def handle_incoming(
        self, request: WebhookRequest
    ) -> Sequence[InboundMessage | InboundPart | DeliveryReport]:
        """Everything a verified request says. Raises ValueError on nonsense."""
        return webhooks.read(request)

    async def webhook_targets(self) -> list[WebhookTarget]:
        """Where the company calls about messages that name no callback."""
        answer = await api.call(self.account, "GET", "/account")
        expected = self.standing_callback(self.webhooks[0].address)
        return [WebhookTarget("Replies and reports", str(answer.get("callback", "")), expected)]

    async def point_webhooks_here(self) -> None:
        """Have the company call us about those, too."""
        if not self.account.callback_base:
            raise ConfigurationRejected("This installation has no public address. Set BASE_URL.")
        callback = {"callback": self.standing_callback(self.webhooks[0].address)}
        try:
            await api.call(self.account, "PUT", "/account", json=callback)
        except (PermanentVendorError, VendorNotConfigured) as error:
            raise ConfigurationRejected(str(error)) from error

    # -- configuration ------------------------------------------------------------------------

    async def check_connection(self) -> str:
        """Ask for the account's balance, which costs nothing."""
        try:
            answer = await api.call(self.account, "GET", "/account")
        except VendorNotConfigured as error:
            sentence = "The company does not accept this key for this account."
            raise ConfigurationRejected(str(error), field_errors={"api_key": sentence}) from error
        except PermanentVendorError as error:
            sentence = "Something else answers at this address."
            raise ConfigurationRejected(
                f"Fakeservice is not there: {error}", field_errors={"api_url": sentence}
            ) from error
        return (
            f"Fakeservice knows the account {answer.get('account')}; "
            f"its balance is {answer.get('balance')} {answer.get('currency')}."
        )

    async def update_config(
        self,
        old: Mapping[str, str],
        new: Mapping[str, str],
        service_manager_data: ServiceManagerData,
    ) -> None:
        """Check the new settings, and tell the company how to sign its webhooks."""
        account = replace(self.account, config=dict(new))
        await type(self)(account).check_connection()
        if callback := self._callback():
            newest = new.get("signing_secret", "").partition(",")[0].strip()
            hook = {"callback": callback, "signing_secret": newest}
            await api.call(account, "PUT", "/webhook", json=hook)

    def _callback(self) -> str | None:
        """Where the company reports to; None while nobody knows how we are reached."""
        address = self.webhooks[0].address
        return self.account.callback(address) if self.account.callback_base else None

    # -- lookups ------------------------------------------------------------------------------

    async def get_contact_info(self, contact_number: str, *, lookup_name: bool) -> ContactInfo:
        """Carrier, line type and, if wanted, the name of a number's holder; it is charged."""
        params = {"name": "1" if lookup_name else "0"}
        return await self._look_up(contact_number, params, acts=True)

    async def get_free_contact_info(self, contact_number: str) -> ContactInfo:
        """The line type alone costs nothing."""
        return await self._look_up(contact_number, {"free": "1"}, acts=False)

    async def _look_up(
        self, contact_number: str, params: Mapping[str, str], *, acts: bool
    ) -> ContactInfo:
        path = f"/lookups/{quote(contact_number, safe='')}"
        try:
            found = await api.call(self.account, "GET", path, params=params, acts=acts)
        except PermanentVendorError as error:
            if error.code != errors.BAD_NUMBER:
                raise
            return ContactInfo(contact_number, LookupStatus.INVALID, error_code=error.code)
        country = self.account.country or conf.text("PHONE_NUMBER_COUNTRY")
        line_type = found.get("line_type") or ""
        return ContactInfo(
            contact_number=contact_number,
            status=LookupStatus.FOREIGN
            if found.get("country") != country
            else _LINE_STATUS.get(line_type, LookupStatus.TEXTABLE),
            carrier=found.get("carrier") or "",
            line_type=line_type,
            lookup_name=found.get("name") or "",
        )

    # -- money --------------------------------------------------------------------------------

    @classmethod
    def cost_data(cls, user_number: str) -> CostData:
        """The list prices of the company's manual; in truth it charges nothing."""
        return CostData(
            currency="USD",
            sms_segment=Decimal("0.0079"),
            mms_message=Decimal("0.02"),
            lookup=Decimal("0.005"),
            lookup_name=Decimal("0.01"),
            source=cls.documentation_url,
            checked_on=date(2026, 11, 23),
        )

    # -- the handset --------------------------------------------------------------------------

    async def handset_messages(self, contact_number: str) -> list[HandsetMessage]:
        """The messages on a contact's phone, oldest first."""
        path = f"/handsets/{quote(contact_number, safe='')}"
        params = {"callback": self._callback() or ""}
        found = await api.call(self.account, "GET", path, params=params)
        return [
            HandsetMessage(
                at=datetime.fromisoformat(one["at"]),
                text=one["text"],
                outgoing=one["from_contact"],
                user_number=one["number"],
                media=tuple(Media(m["url"], m.get("content_type", "")) for m in one["media"]),
            )
            for one in found["messages"]
        ]

    async def handset_reply(
        self, contact_number: str, user_number: str, text: str, media: Sequence[Media] = ()
    ) -> None:
        """Text back as the contact."""
        said = {
            "to": user_number,
            "text": text,
            "media": [{"url": m.url, "content_type": m.content_type} for m in media],
            "callback": self._callback(),
        }
        path = f"/handsets/{quote(contact_number, safe='')}"
        await api.call(self.account, "POST", path, json=said, acts=True)
