"""The contract of a service vendor.

A vendor translates between our words (``service_vendors.types``) and one company's protocol, and
does nothing else: it keeps no state, opens no database, retries no send. It is bound to one
account; whatever talks to the company is a coroutine, so that one worker keeps hundreds of calls
in flight. What a vendor cannot do it leaves out of ``supports``; calling it raises
UnsupportedFeature.
"""

from __future__ import annotations

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, ParamSpec, TypeVar

from django.utils.crypto import salted_hmac

from service_vendors import conf, segments
from service_vendors.exceptions import UnsupportedFeature
from service_vendors.types import (
    AvailableNumber,
    ConfigField,
    ContactInfo,
    CostData,
    DeliveryReport,
    ErrorDescription,
    Feature,
    HandsetMessage,
    InboundMessage,
    InboundPart,
    Media,
    MessagingService,
    OutboundMessage,
    PurchasedNumber,
    SendingRates,
    SendReceipt,
    ServiceManagerData,
    SetupStep,
    VendorAccount,
    VendorMetadata,
    Webhook,
    WebhookAnswer,
    WebhookRequest,
    WebhookTarget,
)

HIDDEN = "<Hidden>"

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ReadinessItem:
    """One line of the checklist "ready to text?"; ``remedy`` says what to do when it is not."""

    title: str
    ready: bool
    remedy: str = ""


class ServiceVendor(ABC):
    """One company that sends texts, bound to one account of it."""

    name: ClassVar[str]
    aliases: ClassVar[tuple[str, ...]] = ()
    title: ClassVar[str]
    documentation_url: ClassVar[str] = ""
    config_fields: ClassVar[tuple[ConfigField, ...]] = ()
    config_form: ClassVar[str]
    supports: ClassVar[frozenset[Feature]] = frozenset()
    # Names of the service managers without which it cannot send.
    needs_managers: ClassVar[tuple[str, ...]] = ()
    # What the whole installation sets about this vendor, beside its account.
    settings: ClassVar[tuple[conf.Setting, ...]] = ()
    # The on/off setting among them without which organizations have no account of their own.
    org_config_setting: ClassVar[conf.Setting | None] = None
    # The one that replaces BASE_URL in the addresses this vendor calls.
    base_url_setting: ClassVar[conf.Setting | None] = None
    webhooks: ClassVar[tuple[Webhook, ...]] = ()
    error_descriptions: ClassVar[Mapping[int, str]] = {}
    max_text_characters: ClassVar[int] = 1600
    # The most segments the company takes in a second; what is more waits here.
    sending_rates: ClassVar[SendingRates] = SendingRates()
    # The most lookups the company takes in a second; 0 where it names no limit.
    most_lookups_per_second: ClassVar[float] = 0.0

    def __init__(self, account: VendorAccount) -> None:
        self.account = account

    def __repr__(self) -> str:
        return f"<{type(self).__name__} organization={self.account.organization_id}>"

    # -- what it is ---------------------------------------------------------------------------

    @classmethod
    def get_metadata(cls) -> VendorMetadata:
        """What the pages and the feature matrix say about this vendor."""
        return VendorMetadata(
            name=cls.name,
            title=cls.title,
            supports_org_config=cls.supports_org_config(),
            features=cls.supports,
            documentation_url=cls.documentation_url,
        )

    @classmethod
    def supports_org_config(cls) -> bool:
        """Whether an organization may have settings of its own here."""
        return cls.org_config_setting is None or bool(conf.read(cls.org_config_setting))

    @classmethod
    def callback_base(cls) -> str:
        """The public address of this installation for this vendor, without a trailing slash."""
        own = conf.read(cls.base_url_setting) if cls.base_url_setting else ""
        return str(own or conf.text("BASE_URL")).rstrip("/")

    @classmethod
    def error_description(cls, code: int) -> ErrorDescription:
        """An error code in words; a general sentence for a code this table does not know."""
        known = cls.error_descriptions.get(code)
        return ErrorDescription(
            code=code,
            description=known or f"{cls.title} refused or lost this message (error {code}).",
            link=cls.error_link(code),
        )

    @classmethod
    def error_link(cls, code: int) -> str:
        """The vendor's own page about an error code, or ""."""
        return ""

    @property
    def account_name(self) -> str:
        """Tells this account from others, the same in every process; it gives nothing away.

        Organizations that share an account share the name, whatever else they set for themselves.
        """
        telling = [
            field.name
            for field in self.config_fields
            if not field.secret and (field.required or field.destination)
        ]
        names = telling or [field.name for field in self.config_fields]
        values = json.dumps([self.account.config.get(name, "") for name in names])
        digest = salted_hmac("service_vendors.account", values, algorithm="sha256")
        return f"{self.name}:{digest.hexdigest()[:20]}"

    # -- sending ------------------------------------------------------------------------------

    @abstractmethod
    async def send_message(self, message: OutboundMessage) -> SendReceipt:
        """Hand one message to the vendor, at most once.

        Raises TransientVendorError or PermanentVendorError when it surely was not sent,
        SendUncertain when nobody can know.
        """

    async def find_message(self, message: OutboundMessage) -> SendReceipt | None:
        """What became of a send whose outcome is unknown; None while that cannot be told."""
        raise self._unsupported(Feature.FIND_MESSAGE)

    # -- webhooks -----------------------------------------------------------------------------

    def greeting(self, request: WebhookRequest) -> WebhookAnswer | None:
        """The answer to a call that says nothing but "is anybody there?"; None for any other.

        Some companies try an address before they use it. Such a call proves nothing, so it is
        answered before ``verify``, and nothing of it is kept.
        """
        return None

    @abstractmethod
    def verify(self, request: WebhookRequest) -> None:
        """Raise WebhookRejected unless the raw request surely comes from the vendor."""

    @abstractmethod
    def handle_incoming(
        self, request: WebhookRequest
    ) -> Sequence[InboundMessage | InboundPart | DeliveryReport]:
        """Everything a verified request says, in our words. Raises ValueError on nonsense."""

    def webhook_answer(self, request: WebhookRequest) -> WebhookAnswer:
        """What the vendor wants to hear once its call is safely stored."""
        return WebhookAnswer()

    async def webhook_targets(self) -> list[WebhookTarget]:
        """Where the company calls now, and where it should, for each kind of call."""
        raise self._unsupported(Feature.WEBHOOK_SETUP)

    async def point_webhooks_here(self) -> None:
        """Have the company call us; repeating it is safe.

        Raises ConfigurationRejected, which says why not.
        """
        raise self._unsupported(Feature.WEBHOOK_SETUP)

    def shares_webhooks(self) -> bool:
        """Whether ``point_webhooks_here`` decides for other organizations as well.

        So it does where the organization did not say itself whose account it is.
        """
        return self.account.organization_id is not None and self.shares_account()

    def shares_account(self) -> bool:
        """Whether the account is the installation's, which other organizations use as well."""
        own = self.account.own_fields
        return not any(field.destination and field.name in own for field in self.config_fields)

    # -- configuration ------------------------------------------------------------------------

    @abstractmethod
    async def check_connection(self) -> str:
        """Ask the vendor, at no cost, whether this account works; a sentence that says so.

        Raises ConfigurationRejected when the vendor refuses the credentials, and
        TransientVendorError when it cannot be reached.
        """

    async def update_config(
        self,
        old: Mapping[str, str],
        new: Mapping[str, str],
        service_manager_data: ServiceManagerData,
    ) -> None:
        """Check new settings against the vendor before they are saved.

        Raises ConfigurationRejected, with a sentence per field where the vendor tells.
        """
        await type(self)(replace(self.account, config=dict(new))).check_connection()

    def auto_configure(self) -> AsyncIterator[SetupStep]:
        """Create at the vendor what this account lacks, step by step, and say what was learned.

        Each step first looks for what an earlier try made, so a repetition never creates anything
        twice. Raises what its calls raise, with what the vendor answered and what to do; whoever
        runs it says which step it was. After any error it may be started again.
        """
        raise self._unsupported(Feature.AUTO_CONFIGURE)

    def readiness(self, service_manager_data: ServiceManagerData) -> list[ReadinessItem]:
        """The checklist "ready to text?"; by default: is every required field filled in, and are
        the service managers enabled that this vendor needs.
        """
        items = [
            ReadinessItem(
                title=field.title,
                ready=bool(self.config(field.name)),
                remedy=(
                    f"Fill in {field.title} below, or set {field.env}."
                    if self.supports_org_config()
                    else f"Set {field.env}."
                ),
            )
            for field in self.config_fields
            if field.required
        ]
        return items + self._managers_readiness(service_manager_data)

    def _managers_readiness(self, service_manager_data: ServiceManagerData) -> list[ReadinessItem]:
        """One line about the managers this vendor needs, if it needs any.

        A manager that vouches for the vendor (``fully_configured``) does their work itself.
        """
        missing = [one for one in self.needs_managers if one not in service_manager_data.managers]
        if not self.needs_managers:
            return []
        return [
            ReadinessItem(
                title="Service managers",
                ready=not missing or service_manager_data.fully_configured is True,
                remedy=f"Enable {' and '.join(missing)}: {self.title} needs them to text."
                if missing
                else "",
            )
        ]

    def fully_configured(self, service_manager_data: ServiceManagerData) -> bool:
        """Whether this account can send now; a service manager may say otherwise."""
        if service_manager_data.fully_configured is False:
            return False
        return all(item.ready for item in self.readiness(service_manager_data))

    def get_service_config(
        self,
        *,
        obscure_sensitive_information: bool = True,
        restrict_to_org_features: bool = False,
    ) -> dict[str, str]:
        """This account's settings by field name, only those that are set.

        Secrets read "<Hidden>", whatever their length, unless they are asked for; then the
        caller is answerable for where they go.
        """
        shown = {}
        for field in self.config_fields:
            value = self.config(field.name)
            if restrict_to_org_features and field.name not in self.account.own_fields:
                continue
            if value:
                shown[field.name] = (
                    HIDDEN if field.secret and obscure_sensitive_information else value
                )
        return shown

    def config(self, name: str) -> str:
        """One value of the account, or "" when it is not set."""
        return self.account.config.get(name, "")

    # -- phone inventory ----------------------------------------------------------------------

    def search_numbers(self, area_code: str, limit: int) -> AsyncIterator[AvailableNumber]:
        """Up to ``limit`` numbers of an area code that the vendor would sell."""
        raise self._unsupported(Feature.NUMBERS)

    def buy_numbers_in_area_code(
        self, area_code: str, limit: int, reference: str
    ) -> AsyncIterator[PurchasedNumber]:
        """Buy up to ``limit`` numbers, tagged with ``reference``, yielding each when it is ours.

        Called again with the same reference it goes on: what was bought under it is yielded
        again and counts, so a purchase whose answer was lost is found and never made twice.
        Raises SendUncertain when it cannot be told whether something was bought that was not
        yielded; TransientVendorError only when surely nothing was.
        """
        raise self._unsupported(Feature.NUMBERS)

    async def list_bought_numbers(self, reference: str) -> AsyncIterator[PurchasedNumber]:
        """Every number that was bought under a reference and is ours still; it buys nothing.

        Asked when a purchase under the reference is over, however it ended.
        """
        async for number in self.list_owned_numbers():
            if number.reference == reference:
                yield number

    async def release_number(self, service_id: str) -> None:
        """Give a number back. A number that is already gone counts as released."""
        raise self._unsupported(Feature.NUMBERS)

    def list_owned_numbers(self) -> AsyncIterator[PurchasedNumber]:
        """Every number this account owns at the vendor."""
        raise self._unsupported(Feature.NUMBERS)

    # -- messaging services -------------------------------------------------------------------

    async def create_messaging_service(self, name: str) -> str:
        """Create a pool of numbers that calls our webhooks; its message service sid."""
        raise self._unsupported(Feature.MESSAGING_SERVICES)

    async def delete_messaging_service(self, messageservice_sid: str) -> None:
        """Delete a pool. A pool that is already gone counts as deleted."""
        raise self._unsupported(Feature.MESSAGING_SERVICES)

    async def add_numbers_to_messaging_service(
        self, messageservice_sid: str, service_ids: Sequence[str]
    ) -> None:
        """Put numbers into a pool, by the vendor's ids of them."""
        raise self._unsupported(Feature.MESSAGING_SERVICES)

    async def clear_messaging_service_phones(self, messageservice_sid: str) -> None:
        """Take every number out of a pool."""
        raise self._unsupported(Feature.MESSAGING_SERVICES)

    def list_messaging_services(self) -> AsyncIterator[MessagingService]:
        """Every pool of this account."""
        raise self._unsupported(Feature.MESSAGING_SERVICES)

    def get_message_service_sid(self, contact_number: str, message_text: str) -> str:
        """The pool that a message goes through, or "" for none."""
        return ""

    # -- lookups ------------------------------------------------------------------------------

    async def get_contact_info(self, contact_number: str, *, lookup_name: bool) -> ContactInfo:
        """What the vendor knows of a number; costs what ``cost_data().lookup`` says.

        That there is no such number is an answer, too. Raises TransientVendorError or
        PermanentVendorError when it surely is not charged, SendUncertain when nobody can know.
        """
        raise self._unsupported(Feature.LOOKUP)

    async def get_free_contact_info(self, contact_number: str) -> ContactInfo:
        """What the vendor tells of a number for free: surely whether it can be texted."""
        raise self._unsupported(Feature.FREE_LOOKUP)

    # -- money --------------------------------------------------------------------------------

    @classmethod
    @abstractmethod
    def cost_data(cls, user_number: str) -> CostData:
        """List prices for sending from ``user_number``."""

    @classmethod
    def count_segments(cls, text: str) -> segments.SegmentCount:
        """How a text travels, and what is billed of it."""
        return segments.count(text)

    # -- a stand-in's handset -----------------------------------------------------------------

    async def handset_messages(self, contact_number: str) -> list[HandsetMessage]:
        """The messages on a contact's phone, oldest first. Only a stand-in vendor can tell."""
        raise self._unsupported(Feature.HANDSET)

    async def handset_reply(
        self, contact_number: str, user_number: str, text: str, media: Sequence[Media] = ()
    ) -> None:
        """Text back as the contact. Only a stand-in vendor can do that."""
        raise self._unsupported(Feature.HANDSET)

    # -- for vendors to use -------------------------------------------------------------------

    def standing_callback(self, address: str) -> str:
        """Where the company is to call us of itself, whatever this account does.

        What comes in for everybody, at an address without an organization, is sorted by the
        number it is about.
        """
        everybodys = replace(self.account, organization_id=None)
        return (everybodys if self.shares_webhooks() else self.account).callback(address)

    @staticmethod
    async def in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Await a blocking SDK call without stopping the others."""
        return await asyncio.to_thread(function, *args, **kwargs)

    def _unsupported(self, feature: Feature) -> UnsupportedFeature:
        return UnsupportedFeature(f"{self.title} does not offer {feature.value}.")
