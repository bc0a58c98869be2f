"""The vendor as the program uses it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from service_vendors.exceptions import (
    ConfigurationRejected,
    PermanentVendorError,
    VendorNotConfigured,
)
from service_vendors.types import (
    CostData,
    DeliveryReport,
    Feature,
    InboundMessage,
    SendingRates,
    ServiceManagerData,
    VendorAccount,
    Webhook,
    WebhookKind,
    WebhookRequest,
)
from service_vendors.vendors.bandwidth import (
    api,
    applications,
    errors,
    oauth,
    parts,
    prices,
    webhooks,
)
from service_vendors.vendors.bandwidth.applications import WithApplications
from service_vendors.vendors.bandwidth.fields import FIELDS, TITLES
from service_vendors.vendors.bandwidth.lookups import WithLookups
from service_vendors.vendors.bandwidth.messaging import PRIORITY, WithMessaging
from service_vendors.vendors.bandwidth.numbers import WithNumbers
from service_vendors.vendors.bandwidth.setup import WithAutoConfigure
from service_vendors.vendors.base import ReadinessItem

CREDENTIALS: Final = ("client_id", "client_secret")
LEGACY_TITLE: Final = "A legacy API user, which Bandwidth ends on 2 December 2026"
# What auto-configure makes, and nothing is sent or heard without.
SET_UP: Final[Mapping[str, tuple[str, ...]]] = {
    "Sub-account, location and application": ("site_id", "sip_peer_id", "application_id"),
    "Callback user and password": ("callback_user", "callback_password"),
}


class Bandwidth(WithMessaging, WithNumbers, WithApplications, WithLookups, WithAutoConfigure):
    """Speaks to Bandwidth: https://dev.bandwidth.com/."""

    name = "bandwidth"
    title = "Bandwidth"
    documentation_url = "https://dev.bandwidth.com/docs/messaging/"
    config_fields = FIELDS
    config_form = "service_vendors.vendors.bandwidth.forms.ConfigForm"
    supports = frozenset(Feature) - {Feature.HANDSET}
    # Bandwidth picks no number itself.
    needs_managers = ("numpicker-basic", "sticky-sender")
    settings = (PRIORITY, prices.LOOKUP_PRICE)
    webhooks = (
        Webhook(
            applications.ADDRESS,
            WebhookKind.ANY,
            "The inbound and the status callback of the application; auto-configure enters both.",
        ),
    )
    error_descriptions = errors.DESCRIPTIONS
    max_text_characters = 2_048
    # https://support.bandwidth.com/hc/en-us/articles/360014169214: one text a second for a new
    # account, more once that is arranged; and its numbers as fast as the account.
    sending_rates = replace(SendingRates.unlimited(), account=1.0)

    @classmethod
    def error_link(cls, code: int) -> str:
        """Bandwidth's page about its error codes."""
        return errors.LINK

    # -- webhooks -----------------------------------------------------------------------------

    def verify(self, request: WebhookRequest) -> None:
        """Raise WebhookRejected unless Bandwidth shows the callback user and password."""
        passwords = [one.strip() for one in self.config("callback_password").split(",")]
        webhooks.verify(request, self.config("callback_user").strip(), passwords)

    def handle_incoming(self, request: WebhookRequest) -> Sequence[InboundMessage | DeliveryReport]:
        """Everything a verified request says. Raises ValueError on nonsense."""
        return webhooks.read(request)

    # -- configuration ------------------------------------------------------------------------

    async def check_connection(self) -> str:
        """Ask for the account, and for what of it is entered."""
        try:
            await api.xml_call(self.account, "GET", "")
        except VendorNotConfigured as error:
            raise ConfigurationRejected(str(error), field_errors=self._refused(error)) from error
        except PermanentVendorError as error:
            sentence = "These credentials have no such account."
            raise ConfigurationRejected(
                f"Bandwidth does not know this account: {error}",
                field_errors={"account_id": sentence},
            ) from error
        await self._check_parts()
        sentence = f"Bandwidth knows the account {self.config('account_id')}."
        return f"{sentence} {oauth.LEGACY}" if oauth.is_legacy(self.account) else sentence

    async def update_config(
        self,
        old: Mapping[str, str],
        new: Mapping[str, str],
        service_manager_data: ServiceManagerData,
    ) -> None:
        """Check the new settings, and have our own application show the new callback password."""
        await super().update_config(old, new, service_manager_data)
        account = replace(self.account, config=dict(new))
        changed = applications.shows(account) != applications.shows(self.account)
        if changed and _is_ours(self.account, old, new) and applications.can_call(account):
            await type(self)(account).point_webhooks_here()

    def readiness(self, service_manager_data: ServiceManagerData) -> list[ReadinessItem]:
        """What is filled in, what auto-configure makes, and who picks the numbers."""
        legacy = oauth.is_legacy(self.account)
        credentials = legacy or all(self.config(name).strip() for name in CREDENTIALS)
        *required, managers = super().readiness(service_manager_data)
        return [
            *required,
            ReadinessItem(
                LEGACY_TITLE if legacy else "API credentials",
                ready=credentials,
                remedy=oauth.LEGACY if legacy else oauth.NEEDED,
            ),
            *(self._set_up(title, names) for title, names in SET_UP.items()),
            managers,
        ]

    def _set_up(self, title: str, names: tuple[str, ...]) -> ReadinessItem:
        """Whether these settings, which auto-configure can make, are all there."""
        missing = [TITLES[name] for name in names if not self.config(name).strip()]
        return ReadinessItem(
            title,
            ready=not missing,
            remedy=f"Press “Auto-configure” below, or fill in {', '.join(missing)}."
            if missing
            else "",
        )

    async def _check_parts(self) -> None:
        """Whether the sub-account, the location and the application are there, if entered."""
        if self.config("site_id"):
            await parts.insist_on_site(self.account)
        if self.config("site_id") and self.config("sip_peer_id"):
            await parts.insist_on_location(self.account)
        if self.config("application_id"):
            await parts.insist_on_application(self.account)

    def _refused(self, error: VendorNotConfigured) -> dict[str, str]:
        """Which field is to blame for a refusal."""
        if error.code == 403:
            return {"account_id": "The credentials may not see this account. Check both."}
        name = "api_password" if oauth.is_legacy(self.account) else "client_secret"
        return {name: "Bandwidth does not accept this. Check it and what belongs to it."}

    @classmethod
    def cost_data(cls, user_number: str) -> CostData:
        """The rates of accounts without a contract."""
        return prices.cost_data(user_number)


def _is_ours(account: VendorAccount, old: Mapping[str, str], new: Mapping[str, str]) -> bool:
    """Whether the application is this organization's own, not one that it shares."""
    named = new.get("application_id", "")
    own = account.organization_id is None or "application_id" in account.own_fields
    return bool(named) and (own or named != old.get("application_id", ""))
