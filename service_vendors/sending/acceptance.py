"""Accepting messages: checked, stored as QUEUED, and handed to the workers on commit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from service_vendors import conf, lookups, optouts
from service_vendors.configuration import active_vendor, get_config
from service_vendors.exceptions import (
    ContactNotTextable,
    ContactOptedOut,
    IdempotencyConflict,
    MediaRefused,
    MessageRefused,
)
from service_vendors.models import (
    Contact,
    Message,
    Organization,
    Origin,
    Priority,
    SendStatus,
)
from service_vendors.models.among import Among
from service_vendors.models.rows import insert_all, stencil
from service_vendors.phone import InvalidPhoneNumber, normalize_sender, to_e164
from service_vendors.public_addresses import NotPublic, insist_on_public
from service_vendors.references import new_reference
from service_vendors.sending import history
from service_vendors.sending.handing_over import hand_over
from service_vendors.types import Feature
from service_vendors.vendors import registry

MOST_MEDIA: Final = 10


@dataclass(frozen=True, slots=True)
class MessageDraft:
    """A message somebody wants to send, as they typed it.

    ``media`` are http(s) addresses of the public internet, or of this installation. Without
    ``user_number`` the conversation goes on from the number it was held with before, or else the
    vendor picks one. After ``send_before`` it is not sent any more.
    """

    contact_number: str
    text: str = ""
    media: Sequence[str] = ()
    user_number: str = ""
    contact: Contact | None = None
    send_before: datetime | None = None
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class BulkResult:
    """What became of a bulk: the stored messages, and the drafts refused, each with the reason."""

    accepted: list[Message] = field(default_factory=list)
    refused: list[tuple[MessageDraft, str]] = field(default_factory=list)


def send_message(
    organization: Organization,
    contact_number: str,
    text: str = "",
    *,
    media: Sequence[str] = (),
    user_number: str = "",
    contact: Contact | None = None,
    sender: AbstractBaseUser | None = None,
    send_before: datetime | None = None,
    idempotency_key: str | None = None,
    priority: Priority = Priority.REPLY,
    origin: Origin = Origin.PROGRAM,
) -> Message:
    """Accept one message; it is sent after the transaction around this call commits.

    It goes before every bulk, unless ``priority`` says that it is a part of one.
    A repeated ``idempotency_key`` with the same content returns the message of the first call.
    ``origin`` is for the message's history.

    Raises InvalidPhoneNumber, ContactOptedOut, ContactNotTextable or another MessageRefused,
    IdempotencyConflict when the key was used for something else, and UnknownVendor when no vendor
    is chosen.
    """
    draft = MessageDraft(
        contact_number, text, media, user_number, contact, send_before, idempotency_key
    )
    accepting = _Acceptance(organization, sender, priority, origin)
    message = accepting.checked(draft)
    if idempotency_key is not None and (first := accepting.earlier(message)):
        return first
    accepting.refuse_in_vain(message)
    accepting.continue_conversations([message])
    try:
        with transaction.atomic():
            message.save(force_insert=True)
            _hand_over_on_commit([message])
    except IntegrityError:
        if idempotency_key is None or not (first := accepting.earlier(message)):
            raise
        return first
    return message


def send_messages(
    organization: Organization,
    drafts: Iterable[MessageDraft],
    *,
    sender: AbstractBaseUser | None = None,
    origin: Origin = Origin.PROGRAM,
) -> BulkResult:
    """Accept many messages of one organization, all that can be accepted, in one transaction.

    A draft whose idempotency key was used before is not accepted again: the first message of that
    key is returned in its place. Raises UnknownVendor.
    """
    accepting = _Acceptance(organization, sender, Priority.BULK, origin)
    result = BulkResult()
    new: list[tuple[MessageDraft, Message]] = []
    keys: dict[str, Message] = {}
    with transaction.atomic():
        # One bulk at a time per organization: of two with the same keys, the second finds them.
        Organization.objects.select_for_update().get(pk=organization.pk)
        for draft in drafts:
            try:
                message = accepting.checked(draft)
                key = draft.idempotency_key
                first = None
                if key is not None:
                    first = accepting.earlier(message, among=keys.get(key))
                    keys.setdefault(key, first or message)
            except (MessageRefused, InvalidPhoneNumber) as error:
                result.refused.append((draft, str(error)))
                continue
            if first is None:
                new.append((draft, message))
            else:
                result.accepted.append(first)
        reasons = accepting.refusals([message for _, message in new])
        result.refused.extend(
            (d, str(reasons[m.contact_number])) for d, m in new if m.contact_number in reasons
        )
        messages = [m for _, m in new if m.contact_number not in reasons]
        accepting.continue_conversations(messages)
        insert_all(messages)
        _hand_over_on_commit(messages)
    result.accepted.extend(messages)
    return result


_OPTED_OUT: Final = "This contact asked not to be texted. They can come back by texting START."


class _Acceptance:
    """The checks of one call, for one organization and its vendor of this moment."""

    def __init__(
        self,
        organization: Organization,
        sender: AbstractBaseUser | None,
        priority: Priority,
        origin: Origin,
    ) -> None:
        self.organization = organization
        self.sender = sender
        self.service = active_vendor(organization).name
        self.vendor_class = registry.vendor_class(self.service)
        self.country = str(get_config("PHONE_NUMBER_COUNTRY", organization))
        self.now = timezone.now()
        by = None if sender is None else str(sender.pk)
        self._message = stencil(
            Message(
                organization=organization,
                sender_id=sender.pk if sender else None,
                service=self.service,
                priority=priority,
                send_status=SendStatus.QUEUED,
                created_at=self.now,
                queued_at=self.now,
                dispatched_at=self.now if priority == Priority.REPLY else None,
                due_at=self.now,
                history=history.begun(self.now, origin, by),
            )
        )

    def checked(self, draft: MessageDraft) -> Message:
        """The message a draft makes, not yet stored. Raises MessageRefused, InvalidPhoneNumber."""
        if draft.contact is not None and (
            draft.contact.campaign.organization_id != self.organization.pk
        ):
            raise MessageRefused("This contact belongs to another organization.")
        self._check_content(draft)
        if draft.send_before is not None and draft.send_before <= self.now:
            raise MessageRefused("The time after which this message may not be sent has passed.")
        sender = draft.user_number
        message = self._message(
            reference=new_reference(),
            contact_number=to_e164(draft.contact_number, self.country),
            user_number=normalize_sender(sender, self.country) if sender else "",
            text=draft.text,
            media=[{"url": url, "content_type": ""} for url in draft.media],
            send_before=draft.send_before,
            idempotency_key=draft.idempotency_key,
        )
        message.organization = self.organization
        if draft.contact is not None:
            message.contact = draft.contact
        return message

    def _check_content(self, draft: MessageDraft) -> None:
        if not draft.text.strip() and not draft.media:
            raise MessageRefused("Write a text or add a picture: an empty message is not sent.")
        if "\x00" in draft.text:
            raise MessageRefused("The text contains a NUL character, which no vendor can send.")
        most = self.vendor_class.max_text_characters
        if len(draft.text) > most:
            raise MessageRefused(
                f"The text has {len(draft.text)} characters; "
                f"{self.vendor_class.title} takes {most} at most."
            )
        if draft.media and Feature.MMS not in self.vendor_class.supports:
            raise MessageRefused(f"{self.vendor_class.title} does not send pictures.")
        if len(draft.media) > MOST_MEDIA:
            raise MessageRefused(f"A message can carry {MOST_MEDIA} pictures at most.")
        for url in draft.media:
            try:
                insist_on_public(url, own_site=conf.text("BASE_URL"))
            except NotPublic as error:
                raise MediaRefused(f"{url[:100]!r} is no address of a picture: {error}") from None

    def earlier(self, message: Message, among: Message | None = None) -> Message | None:
        """The message that used this idempotency key first. Raises IdempotencyConflict."""
        first = (
            among
            or Message.objects.filter(
                organization=self.organization, idempotency_key=message.idempotency_key
            ).first()
        )
        if first is None:
            return None
        same = (
            first.contact_number == message.contact_number
            and first.text == message.text
            and first.media == message.media
        )
        if not same:
            raise IdempotencyConflict(
                "This idempotency key was used for a different message. Use a new key."
            )
        return first

    def refusals(self, messages: Sequence[Message]) -> dict[str, MessageRefused]:
        """Those of the messages' numbers that are not texted, each with the reason."""
        numbers = {message.contact_number for message in messages}
        hopeless = lookups.refusals(self.organization, numbers)
        stopped = optouts.opted_out(self.organization, numbers)
        return {number: ContactNotTextable(why) for number, why in hopeless.items()} | {
            number: ContactOptedOut(_OPTED_OUT) for number in stopped
        }

    def refuse_in_vain(self, message: Message) -> None:
        """Raise ContactOptedOut or ContactNotTextable when the message's number is not texted."""
        for refusal in self.refusals([message]).values():
            raise refusal

    def continue_conversations(self, messages: Sequence[Message]) -> None:
        """Send from the number each conversation was last held with, where none was asked for."""
        open_ended = [message for message in messages if not message.user_number]
        latest = (
            Message.objects.filter(
                Among("contact_number", {message.contact_number for message in open_ended}),
                organization=self.organization,
                service=self.service,
            )
            .exclude(user_number="")
            .values("contact_number")
            .annotate(latest=Max("pk"))
            .values("latest")
        )
        used = dict(
            Message.objects.filter(pk__in=latest).values_list("contact_number", "user_number")
        )
        for message in open_ended:
            message.user_number = used.get(message.contact_number, "")


def _hand_over_on_commit(messages: Sequence[Message]) -> None:
    if messages:
        transaction.on_commit(lambda: hand_over(messages), robust=True)
