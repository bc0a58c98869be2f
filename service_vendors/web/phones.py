"""The phones of a stand-in vendor's contacts: what is on one, and texting as its owner."""

from __future__ import annotations

import hashlib
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from django.http import HttpRequest
from django.templatetags.static import static

from service_vendors import conf
from service_vendors.configuration import vendor_of
from service_vendors.exceptions import UnknownVendor, VendorError
from service_vendors.models import Contact, Organization, OwnedPhoneNumber
from service_vendors.types import Feature, HandsetMessage, Media
from service_vendors.vendors import loop
from service_vendors.vendors.base import ServiceVendor
from service_vendors.web.attachments import Attachment, attachments
from service_vendors.web.conversations import names

T = TypeVar("T")

# The company is asked while a page waits: it is near, or it is away.
ASK_SECONDS: Final = 5.0
MOST_BUBBLES: Final = 50
MOST_CONTACTS: Final = 8
SAMPLE_PICTURE: Final = "service_vendors/sample-picture.png"


@dataclass(frozen=True, slots=True)
class PhoneBubble:
    """One text on the phone."""

    message: HandsetMessage
    attachments: list[Attachment]


@dataclass(frozen=True, slots=True)
class Phone:
    """A contact's phone as it stands; ``trouble`` says why it cannot be read."""

    number: str
    name: str
    bubbles: list[PhoneBubble]
    partner: str
    seen: str
    trouble: str = ""

    def news(self, seen: str) -> str:
        """What a person who cannot see the phone is told, when it looked like ``seen`` before."""
        last = self.bubbles[-1].message if self.bubbles else None
        if self.trouble or last is None or last.outgoing:
            return self.trouble
        return f"The phone received: {last.text[:200] or 'a picture'}" if seen else ""


@dataclass(frozen=True, slots=True)
class Phones:
    """The phones that an organization's vendor stands in for."""

    organization: Organization
    vendor: ServiceVendor

    def contacts(self) -> list[Contact]:
        """People to play, one of each number."""
        found = Contact.objects.filter(
            campaign__organization=self.organization, campaign__is_archived=False
        ).order_by("pk")
        by_number = {contact.cell: contact for contact in found[: MOST_CONTACTS * 4]}
        return list(by_number.values())[:MOST_CONTACTS]

    def phone(self, request: HttpRequest, number: str) -> Phone:
        """What the vendor says is on a contact's phone."""
        name = names(self.organization, [number]).get(number, "")
        try:
            messages = self._ask(self.vendor.handset_messages(number))[-MOST_BUBBLES:]
        except VendorError as error:
            return Phone(number, name, [], "", seen="away", trouble=str(error))
        partner = messages[-1].user_number if messages else self._own_number()
        return Phone(
            number,
            name,
            [PhoneBubble(message, attachments(request, message.media)) for message in messages],
            partner,
            seen=_digest(messages),
        )

    def reply(self, phone: Phone, words: str, picture_url: str) -> str:
        """Text as the contact, words or else a picture; "" when it went out, else what to do."""
        if phone.trouble:
            return phone.trouble
        if not phone.partner:
            return (
                f"{self.organization} has no number to text to yet. Send this phone a text first."
            )
        media = [Media(picture_url, "image/png")] if picture_url else []
        try:
            self._ask(self.vendor.handset_reply(phone.number, phone.partner, words, media))
        except VendorError as error:
            return str(error)
        return ""

    def _own_number(self) -> str:
        """A number of ours that a phone without any text can text to, or ""."""
        owned = OwnedPhoneNumber.objects.filter(
            organization=self.organization, service=self.vendor.name
        )
        return owned.order_by("pk").values_list("phone_number", flat=True).first() or ""

    def _ask(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Await the vendor's answer. Raises VendorError, also when it takes too long."""
        try:
            return loop.run(coroutine, ASK_SECONDS)
        except TimeoutError as error:
            raise VendorError(
                f"{self.vendor.title} did not answer within {ASK_SECONDS:.0f} s."
            ) from error


def phones_of(organization: Organization) -> Phones | None:
    """The phones of an organization's contacts, if its vendor comes with a handset."""
    try:
        vendor = vendor_of(organization)
    except UnknownVendor:
        return None
    return Phones(organization, vendor) if Feature.HANDSET in vendor.supports else None


def sample_picture(request: HttpRequest) -> str:
    """Where the vendor finds our sample picture."""
    address = static(SAMPLE_PICTURE)
    base = conf.text("BASE_URL").rstrip("/")
    return (
        base + address if base and address.startswith("/") else request.build_absolute_uri(address)
    )


def _digest(messages: Sequence[HandsetMessage]) -> str:
    looks = [(m.at.isoformat(), m.text, m.outgoing, m.media) for m in messages]
    return hashlib.blake2b(repr(looks).encode(), digest_size=8).hexdigest()
