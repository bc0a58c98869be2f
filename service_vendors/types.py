"""The plain values that travel between floors. No Django, no database, no vendor in here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from typing import Any
from urllib.parse import parse_qsl


class Feature(StrEnum):
    """What a vendor may be able to do beyond sending and receiving texts."""

    MMS = "mms"
    NUMBERS = "numbers"
    MESSAGING_SERVICES = "messaging services"
    LOOKUP = "lookup"
    FREE_LOOKUP = "free lookup"
    FIND_MESSAGE = "find message"
    WEBHOOK_SETUP = "webhook setup"
    AUTO_CONFIGURE = "auto-configure"
    HANDSET = "handset"


class WebhookKind(StrEnum):
    """What a vendor may post to an address."""

    MESSAGES = "incoming messages"
    REPORTS = "delivery reports"
    ANY = "incoming messages and delivery reports"


class ReportStatus(StrEnum):
    """A delivery report in our words; vendors translate theirs at the edge."""

    SENT = "SENT"
    DELIVERED = "DELIVERED"
    ERROR = "ERROR"


class Keyword(StrEnum):
    """What a contact asks for with a keyword."""

    STOP = "STOP"
    START = "START"
    HELP = "HELP"


class LookupStatus(Enum):
    """Spoke's status codes of a contact number (OrganizationContact.status_code)."""

    TEXTABLE = 1
    LANDLINE = -1
    INVALID = -2
    FOREIGN = -3
    UNSUBSCRIBED = -4


class LookupDetail(IntEnum):
    """How much a lookup asks about a number; a higher one answers what the lower ones do, too."""

    STATUS = 0  # whether it can be texted; for free where the vendor tells that for free
    CARRIER = 1
    NAME = 2  # whose number it is


@dataclass(frozen=True, slots=True)
class ConfigField:
    """One value a vendor needs to know about an account.

    ``env`` is the environment variable (and ``features`` key) it falls back to, then ``old_env``,
    names it had in other programs. A ``secret`` is kept by the secret manager, shown to no one,
    and never read from ``features``. A ``destination`` says whose account it is, or where it is:
    an organization that sets one of its own inherits nothing from the environment, since what
    belongs to the installation's account is of no use to another, and its secrets no business.
    """

    name: str
    env: str
    title: str
    help: str = ""
    secret: bool = False
    required: bool = True
    default: str = ""
    destination: bool = False
    old_env: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address the vendor calls: ``/<address>`` and ``/<address>/<organization id>``."""

    address: str
    kind: WebhookKind
    help: str
    methods: tuple[str, ...] = ("POST",)
    organization_required: bool = False


@dataclass(frozen=True, slots=True)
class WebhookTarget:
    """Where a vendor calls now, for one kind of call; ``url`` is "" when it calls nowhere."""

    title: str
    url: str
    expected: str

    @property
    def points_here(self) -> bool:
        """Whether the vendor calls us."""
        return self.url == self.expected


@dataclass(frozen=True, slots=True)
class SetupStep:
    """One step of setting an account up at the vendor, for a progress bar.

    It is told twice: when it begins, and when it is ``done``. ``config`` are the settings it
    learned, by field; they must be saved before the next step begins, so that a later try finds
    what this one made. ``total`` is how many steps there are, 0 where that is not known. Its repr
    never shows a value.
    """

    title: str
    done: bool = False
    config: Mapping[str, str] = field(default_factory=dict, repr=False)
    total: int = 0


@dataclass(frozen=True, slots=True)
class VendorMetadata:
    """What the pages, the API and the feature matrix say about a vendor."""

    name: str
    title: str
    supports_org_config: bool
    features: frozenset[Feature]
    documentation_url: str = ""


@dataclass(frozen=True, slots=True)
class VendorAccount:
    """Everything a vendor object is bound to: one account's config, revealed, for one tenant.

    ``organization_id`` is None for the account that the environment configures.
    ``callback_base`` is the public address of this installation, without a trailing slash;
    ``own_fields`` are the fields the organization set itself; ``country`` (ISO 3166) is where
    its numbers and contacts are, "" where PHONE_NUMBER_COUNTRY is. Its repr never shows a value.
    """

    service: str
    organization_id: int | None
    config: Mapping[str, str] = field(repr=False)
    callback_base: str = ""
    own_fields: frozenset[str] = frozenset()
    country: str = ""

    def callback(self, address: str) -> str:
        """The public URL of one of our webhooks for this account."""
        tenant = "" if self.organization_id is None else f"/{self.organization_id}"
        return f"{self.callback_base}/{address}{tenant}"


@dataclass(frozen=True, slots=True)
class Media:
    """A picture or other file that came with a message, by its URL at the vendor."""

    url: str
    content_type: str = ""


@dataclass(frozen=True, slots=True)
class ServiceManagerData:
    """What service managers decided about one message; later managers win field by field.

    ``managers`` are the names of those that were asked: a vendor may need some of them.
    """

    user_number: str | None = None
    messageservice_sid: str | None = None
    force_mms: bool = False
    fully_configured: bool | None = None
    managers: frozenset[str] = frozenset()

    def merge(self, other: ServiceManagerData | None) -> ServiceManagerData:
        """This decision with every field that ``other`` decides replaced by its value."""
        if other is None:
            return self
        return ServiceManagerData(
            user_number=other.user_number or self.user_number,
            messageservice_sid=other.messageservice_sid or self.messageservice_sid,
            force_mms=other.force_mms or self.force_mms,
            fully_configured=(
                self.fully_configured if other.fully_configured is None else other.fully_configured
            ),
            managers=self.managers | other.managers,
        )


@dataclass(frozen=True, slots=True)
class SendingRates:
    """How many segments a second a company takes; 0 where it sets no limit, or queues by itself.

    ``account`` is for all senders of an account together, the others for one sender each: a number
    by its kind, a name (``alphanumeric``), or a pool of which the company picks a number. These
    are what companies usually give to those who arranged nothing else; docs/sending-rates.md has
    the sources. A registered 10DLC campaign gets more, each its own.
    """

    account: float = 0.0
    long_code: float = 1.0
    toll_free: float = 3.0
    short_code: float = 100.0
    alphanumeric: float = 10.0
    pool: float = 0.0

    @classmethod
    def unlimited(cls) -> SendingRates:
        """Those of a company that takes whatever comes."""
        return cls(long_code=0, toll_free=0, short_code=0, alphanumeric=0)


@dataclass(frozen=True, slots=True)
class OutboundMessage:
    """A message as a vendor is asked to send it.

    ``reference`` is our id of the message: vendors send it along and give it back in reports.
    Without ``user_number`` and ``messageservice_sid`` the vendor picks a number of its own pool.
    """

    reference: str
    contact_number: str
    text: str
    media: tuple[str, ...] = ()
    user_number: str | None = None
    messageservice_sid: str | None = None
    send_before: datetime | None = None
    force_mms: bool = False
    queued_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SendReceipt:
    """The vendor's word that it took a message: ``service_id`` is its id of it.

    ``opted_out`` and ``contact_status`` are what its failure teaches, as in DeliveryReport.
    """

    service_id: str
    user_number: str | None = None
    messageservice_sid: str | None = None
    status: ReportStatus = ReportStatus.SENT
    error_code: int | None = None
    opted_out: bool = False
    contact_status: LookupStatus | None = None


@dataclass(frozen=True, slots=True)
class ErrorDescription:
    """An error code in words: what it means, what to do, and the vendor's page about it."""

    code: int
    description: str
    link: str = ""


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """One call of a vendor, exactly as it came; verified first, parsed afterwards.

    ``url`` is the public URL the vendor called, as the settings know it; ``seen_url`` is what the
    request itself and a trusted proxy's headers say, or "". ``headers`` have lower-case names,
    ``body`` is raw.
    """

    address: str
    method: str
    url: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    organization_id: int | None = None
    received_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    seen_url: str = ""

    def header(self, name: str) -> str:
        """A header's value, or "" when it was not sent."""
        return self.headers.get(name.lower(), "")

    def form(self) -> dict[str, str]:
        """The fields of a form body (or of the query, for GET); the last value of a name wins."""
        raw = self.query if self.method == "GET" else self.body.decode("utf-8", "replace")
        return dict(parse_qsl(raw, keep_blank_values=True))

    def json(self) -> Any:
        """The JSON body. Raises ValueError when it is not JSON."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class WebhookAnswer:
    """What the vendor wants to hear once its call is safely stored."""

    body: str = ""
    content_type: str = "text/plain"
    status: int = 200


@dataclass(frozen=True, slots=True)
class InboundMessage:
    """A text or picture message a contact sent us. ``keyword`` is set only if the vendor says."""

    service_id: str
    contact_number: str
    user_number: str
    text: str = ""
    media: tuple[Media, ...] = ()
    messageservice_sid: str = ""
    sent_at: datetime | None = None
    keyword: Keyword | None = None


@dataclass(frozen=True, slots=True)
class InboundPart:
    """One part of a long message that the vendor hands over in pieces.

    Parts with the same contact, user number and ``group`` belong together;
    ``index`` counts from 1 to ``total``.
    """

    service_id: str
    contact_number: str
    user_number: str
    text: str
    group: str
    index: int
    total: int
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """What became of a message we sent; found by ``reference`` or else by ``service_id``.

    ``contact_status`` is what an error teaches about the contact's number, if anything.
    """

    service_id: str
    status: ReportStatus
    reference: str = ""
    error_code: int | None = None
    occurred_at: datetime | None = None
    user_number: str = ""
    opted_out: bool = False
    contact_status: LookupStatus | None = None


@dataclass(frozen=True, slots=True)
class AvailableNumber:
    """A phone number the vendor would sell."""

    phone_number: str
    monthly_price: Decimal | None = None
    capabilities: tuple[str, ...] = ()
    region: str = ""


@dataclass(frozen=True, slots=True)
class PurchasedNumber:
    """A phone number that is ours at the vendor; ``reference`` is what we tagged the order with."""

    phone_number: str
    service_id: str
    messageservice_sid: str = ""
    reference: str = ""
    capabilities: tuple[str, ...] = ()
    monthly_price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class MessagingService:
    """A pool of numbers at the vendor; ``link`` is the vendor's own page about it, or ""."""

    messageservice_sid: str
    name: str
    link: str = ""


@dataclass(frozen=True, slots=True)
class ContactInfo:
    """What a lookup says about a number; ``status`` decides whether it can be texted."""

    contact_number: str
    status: LookupStatus
    carrier: str = ""
    line_type: str = ""
    lookup_name: str = ""
    error_code: int | None = None


@dataclass(frozen=True, slots=True)
class CostData:
    """List prices in one currency, with where and when they were read.

    ``lookup`` is the price of one lookup, ``lookup_name`` what the holder's name adds to it.
    """

    currency: str
    sms_segment: Decimal
    mms_message: Decimal | None
    source: str
    checked_on: date
    lookup: Decimal | None = None
    lookup_name: Decimal | None = None


@dataclass(frozen=True, slots=True)
class HandsetMessage:
    """A message as a stand-in vendor's handset shows it; ``outgoing`` is from the contact."""

    at: datetime
    text: str
    outgoing: bool
    user_number: str
    media: tuple[Media, ...] = ()
