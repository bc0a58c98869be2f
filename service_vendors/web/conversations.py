"""Conversations: which messages a member may see, the list, and one conversation as it stands."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404, HttpRequest

from service_vendors import optouts
from service_vendors.models import (
    Contact,
    Membership,
    Message,
    OptOut,
    Organization,
    Role,
    SendStatus,
)
from service_vendors.phone import InvalidPhoneNumber, is_e164, national, to_e164
from service_vendors.web.attachments import Attachment, attachments, stored_media
from service_vendors.web.searching import Search, country_of

LIST_PAGE: Final = 30
TALK_PAGE: Final = 50
LONGEST_CONTACT_NUMBER: Final = 16


class Shown(StrEnum):
    """What the list can be narrowed to; the value stands in the address."""

    ALL = ""
    REPLIES = "replies"
    FAILED = "failed"
    UNKNOWN = "unknown"
    QUEUED = "queued"

    @property
    def label(self) -> str:
        """What the page calls it."""
        return "Everyone" if self is Shown.ALL else self.value.capitalize()


# Where the list is of the newest messages in these statuses.
STATUSES: Final = {
    Shown.FAILED: (SendStatus.ERROR, SendStatus.NOT_ATTEMPTED),
    Shown.UNKNOWN: (SendStatus.UNKNOWN,),
    Shown.QUEUED: (SendStatus.QUEUED, SendStatus.SENDING, SendStatus.PAUSED),
}


@dataclass(frozen=True, slots=True)
class Conversation:
    """One line of the list: a contact and the newest of the messages that are asked for."""

    message: Message
    name: str
    opted_out: bool

    @property
    def initials(self) -> str:
        """Two letters of the name, or "" without one."""
        words = self.name.split()
        return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()


@dataclass(frozen=True, slots=True)
class ConversationList:
    """A page of conversations, newest first; ``older`` begins the next one, 0 for none.

    ``seen`` is the same for as long as the page would look the same.
    """

    conversations: list[Conversation]
    older: int
    seen: str


@dataclass(frozen=True, slots=True)
class Bubble:
    """One message of a conversation."""

    message: Message
    attachments: list[Attachment]


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation as it stands, oldest message first; ``older`` as in ConversationList.

    ``has_timelines``: the member may see what happened to each message.
    """

    number: str
    name: str
    bubbles: list[Bubble]
    older: int
    opt_out: OptOut | None
    seen: str
    has_timelines: bool

    @property
    def title(self) -> str:
        """The contact's name, or else the number."""
        return self.name or national(self.number)

    @property
    def last(self) -> Message | None:
        """The newest message."""
        return self.bubbles[-1].message if self.bubbles else None


def visible(organization: Organization, membership: Membership) -> QuerySet[Message]:
    """The messages a member may see.

    Supervolunteers and higher see all of them; a texter sees each conversation from their own
    first text in it on.
    """
    messages = Message.objects.filter(organization=organization)
    if Role(membership.role).at_least(Role.SUPERVOLUNTEER):
        return messages
    own = Message.objects.filter(organization=organization, sender_id=membership.user_id)
    until_then = own.filter(contact_number=OuterRef("contact_number"), pk__lte=OuterRef("pk"))
    # The first of these only leads the database to their few conversations among the many.
    return messages.filter(contact_number__in=own.values("contact_number")).filter(
        Exists(until_then)
    )


def conversation_list(
    organization: Organization,
    membership: Membership,
    *,
    shown: Shown = Shown.ALL,
    search: Search | None = None,
    before: int = 0,
) -> ConversationList:
    """The conversations with the newest messages, or those before the message ``before``."""
    wanted = Q(is_from_contact=False, send_status__in=STATUSES[shown]) if _narrows(shown) else Q()
    # Walks the newest messages and keeps the first of each conversation: however many messages
    # there are, it reads about as many as it shows.
    newer = Message.objects.filter(
        wanted,
        organization=organization,
        contact_number=OuterRef("contact_number"),
        pk__gt=OuterRef("pk"),
    )
    messages = visible(organization, membership).filter(wanted).filter(~Exists(newer))
    if shown is Shown.REPLIES:
        messages = messages.filter(is_from_contact=True)
    if search:
        messages = search.narrow(messages, "contact_number")
    if before:
        messages = messages.filter(pk__lt=before)
    found = list(messages.order_by("-pk")[: LIST_PAGE + 1])
    page = found[:LIST_PAGE]
    numbers = {message.contact_number for message in page}
    known, stopped = names(organization, numbers), optouts.opted_out(organization, numbers)
    return ConversationList(
        conversations=[
            Conversation(m, known.get(m.contact_number, ""), m.contact_number in stopped)
            for m in page
        ],
        older=page[-1].pk if len(found) > LIST_PAGE else 0,
        seen=_digest(page, sorted(stopped)),
    )


def talk(
    request: HttpRequest,
    organization: Organization,
    membership: Membership,
    number: str,
    *,
    before: int = 0,
) -> Talk:
    """One conversation: its newest messages, or those before the message ``before``."""
    messages = visible(organization, membership).filter(contact_number=number)
    if before:
        messages = messages.filter(pk__lt=before)
    found = list(messages.order_by("-pk")[: TALK_PAGE + 1])
    page = found[:TALK_PAGE][::-1]
    opt_out = OptOut.objects.filter(
        organization=organization, cell=number, ended_at__isnull=True
    ).first()
    last = page[-1].pk if page else 0
    return Talk(
        number=number,
        name=names(organization, [number]).get(number, ""),
        bubbles=[Bubble(m, attachments(request, stored_media(m.media))) for m in page],
        older=page[0].pk if len(found) > TALK_PAGE else 0,
        opt_out=opt_out,
        seen=f"{last}-{int(opt_out is not None)}-{_digest(page, [])}",
        has_timelines=Role(membership.role).at_least(Role.ADMIN),
    )


def names(organization: Organization, numbers: Collection[str]) -> dict[str, str]:
    """What the organization's newest campaigns call the people behind numbers."""
    contacts = Contact.objects.filter(campaign__organization=organization, cell__in=numbers)
    named = contacts.exclude(first_name="", last_name="").order_by("pk")
    return {contact.cell: str(contact) for contact in named}


def contact_number_or_404(organization: Organization, given: str) -> str:
    """The contact number an address means. Raises Http404 when it is none, saying what it lacks."""
    if is_e164(given):
        return given
    is_plain = given.isprintable() and len(given) <= LONGEST_CONTACT_NUMBER
    # Short codes text too: what is no phone number counts when it has texted.
    texted = Message.objects.filter(organization=organization, contact_number=given)
    if is_plain and texted.exists():
        return given
    try:
        return to_e164(given, country_of(organization))
    except InvalidPhoneNumber as error:
        raise Http404(str(error)) from error


def first_of_page(given: str) -> int:
    """The message a page of a list begins before, from the address; 0 for the newest page."""
    return int(given) if given.isascii() and given.isdecimal() and len(given) < 19 else 0


def _narrows(shown: Shown) -> bool:
    return shown in STATUSES


def _digest(messages: Sequence[Message], others: list[str]) -> str:
    """Changes whenever the messages would look different."""
    looks = [(m.pk, m.send_status, m.error_code, m.status_reason, m.text) for m in messages]
    return hashlib.blake2b(repr((looks, others)).encode(), digest_size=8).hexdigest()
