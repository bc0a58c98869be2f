"""Accepting messages: checked, stored as QUEUED, and handed to the workers on commit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from service_vendors import broker, conf, optouts
from service_vendors.configuration import active_vendor, get_config
from service_vendors.exceptions import ContactOptedOut, IdempotencyConflict, MessageRefused
from service_vendors.models import Contact, Message, Organization, SendStatus
from service_vendors.phone import InvalidPhoneNumber, normalize_sender, to_e164
from service_vendors.types import Feature
from service_vendors.vendors import registry

MOST_MEDIA: Final = 10
INSERT_BATCH: Final = 1_000


@dataclass(frozen=True, slots=True)
class MessageDraft:
    """A message somebody wants to send, as they typed it.

    ``media`` are http(s) addresses. Without ``user_number`` the conversation goes on from the
    number it was held with before, or else the vendor picks one. After ``send_before`` it is not
    sent any more.
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
) -> Message:
    """Accept one message; it is sent after the transaction around this call commits.

    A repeated ``idempotency_key`` with the same content returns the message of the first call.

    Raises InvalidPhoneNumber, ContactOptedOut or another MessageRefused, IdempotencyConflict when
    the key was used for something else, and UnknownVendor when no vendor is chosen.
    """
    draft = MessageDraft(
        contact_number, text, media, user_number, contact, send_before, idempotency_key
    )
    accepting = _Acceptance(organization, sender)
    message = accepting.checked(draft)
    if idempotency_key is not None and (first := accepting.earlier(message)):
        return first
    accepting.refuse_opted_out(message)
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
) -> BulkResult:
    """Accept many messages of one organization, all that can be accepted, in one transaction.

    A draft whose idempotency key was used before is not accepted again: the first message of that
    key is returned in its place. Raises UnknownVendor.
    """
    accepting = _Acceptance(organization, sender)
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
        stopped = accepting.opted_out([message for _, message in new])
        refusal = str(ContactOptedOut(_OPTED_OUT))
        result.refused.extend((d, refusal) for d, m in new if m.contact_number in stopped)
        messages = [m for _, m in new if m.contact_number not in stopped]
        accepting.continue_conversations(messages)
        Message.objects.bulk_create(messages, batch_size=INSERT_BATCH)
        _hand_over_on_commit(messages)
    result.accepted.extend(messages)
    return result


_OPTED_OUT: Final = "This contact asked not to be texted. They can come back by texting START."


class _Acceptance:
    """The checks of one call, for one organization and its vendor of this moment."""

    def __init__(self, organization: Organization, sender: AbstractBaseUser | None) -> None:
        self.organization = organization
        self.sender = sender
        self.service = active_vendor(organization).name
        self.vendor_class = registry.vendor_class(self.service)
        self.country = str(get_config("PHONE_NUMBER_COUNTRY", organization))
        self.now = timezone.now()

    def checked(self, draft: MessageDraft) -> Message:
        """The message a draft makes, not yet stored. Raises MessageRefused, InvalidPhoneNumber."""
        if draft.contact is not None and (
            draft.contact.campaign.organization_id != self.organization.pk
        ):
            raise MessageRefused("This contact belongs to another organization.")
        self._check_content(draft)
        if draft.send_before is not None and draft.send_before <= self.now:
            raise MessageRefused("The time after which this message may not be sent has passed.")
        return Message(
            organization=self.organization,
            contact=draft.contact,
            sender_id=self.sender.pk if self.sender else None,
            contact_number=to_e164(draft.contact_number, self.country),
            user_number=normalize_sender(draft.user_number, self.country)
            if draft.user_number
            else "",
            text=draft.text,
            media=[{"url": url, "content_type": ""} for url in draft.media],
            service=self.service,
            send_status=SendStatus.QUEUED,
            created_at=self.now,
            queued_at=self.now,
            dispatched_at=self.now,
            due_at=self.now,
            send_before=draft.send_before,
            idempotency_key=draft.idempotency_key,
        )

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
            parts = urlsplit(url)
            if parts.scheme not in {"http", "https"} or not parts.hostname:
                raise MessageRefused(
                    f"{url[:100]!r} is no address of a picture: it must begin with https://."
                )

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

    def opted_out(self, messages: Sequence[Message]) -> set[str]:
        """Those of the messages' numbers that may not be texted."""
        return optouts.opted_out(self.organization, {m.contact_number for m in messages})

    def refuse_opted_out(self, message: Message) -> None:
        """Raise ContactOptedOut when the message's number may not be texted."""
        if self.opted_out([message]):
            raise ContactOptedOut(_OPTED_OUT)

    def continue_conversations(self, messages: Sequence[Message]) -> None:
        """Send from the number each conversation was last held with, where none was asked for."""
        open_ended = [message for message in messages if not message.user_number]
        latest = (
            Message.objects.filter(
                organization=self.organization,
                service=self.service,
                contact_number__in={message.contact_number for message in open_ended},
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
    ids = [message.pk for message in messages]
    if ids:
        transaction.on_commit(lambda: hand_over(ids), robust=True)


def hand_over(ids: list[int]) -> None:
    """Give messages to the workers; those the broker does not take are left to the sweeper."""
    batch_size = conf.whole("SEND_BATCH_SIZE")
    if not broker.hand_over("send_batch", ids, batch_size=batch_size):
        Message.objects.filter(pk__in=ids, send_status=SendStatus.QUEUED).update(dispatched_at=None)
