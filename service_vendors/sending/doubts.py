"""Texts that nobody can tell the fate of: a person decides, once, and it is written down who.

The vendor has been asked as often as makes sense (``sweeping``) and no report came. The program
never repeats such a text by itself. A report that comes after all still counts: it raises the
status of the text it is about, whatever was decided.
"""

from __future__ import annotations

from typing import Final

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import QuerySet

from service_vendors.configuration import active_vendor, record
from service_vendors.models import Message, Organization, Origin, SendStatus, Step
from service_vendors.sending import history
from service_vendors.sending.acceptance import send_message

MOST_AT_ONCE: Final = 5_000
# The idempotency key of a text that was sent again: this, and the first text's reference.
AGAIN: Final = "again:"


def in_doubt(organization: Organization) -> QuerySet[Message]:
    """The texts whose fate nobody will find out any more, in no order."""
    return Message.objects.filter(
        organization=organization,
        is_from_contact=False,
        send_status=SendStatus.UNKNOWN,
        due_at__isnull=True,
    )


def mark_as_sent(message: Message, actor: AbstractBaseUser) -> bool:
    """Take it that a doubtful text was sent; False when it is not in doubt any more."""
    return _mark(message.organization, actor, [message.pk]) == 1


def mark_all_as_sent(organization: Organization, actor: AbstractBaseUser) -> int:
    """Take it that all texts in doubt were sent; how many those were."""
    oldest = in_doubt(organization).order_by("pk").values_list("pk", flat=True)
    return _mark(organization, actor, list(oldest[:MOST_AT_ONCE]))


def send_again(message: Message, actor: AbstractBaseUser) -> Message | None:
    """Send a doubtful text once more, as a message of its own; None when it is no more in doubt.

    The contact may get it twice: whoever calls this has decided that. The first text counts as
    failed from then on. Raises what ``send_message`` raises; then nothing has changed.
    """
    organization = message.organization
    with transaction.atomic():
        doubtful = in_doubt(organization).select_for_update().filter(pk=message.pk).first()
        if doubtful is None:
            return None
        again = send_message(
            organization,
            doubtful.contact_number,
            doubtful.text,
            media=[item["url"] for item in doubtful.media],
            user_number=_number_now(doubtful),
            contact=doubtful.contact,
            sender=actor,
            idempotency_key=f"{AGAIN}{doubtful.reference.hex}",
            origin=Origin.AGAIN,
        )
        in_doubt(organization).filter(pk=doubtful.pk).update(
            send_status=SendStatus.ERROR,
            status_reason=f"Nobody could tell whether this was sent. {actor.get_username()} sent "
            "it again, as a text of its own.",
            history=history.appended(
                Step.SENT_AGAIN, by=str(actor.pk), reference=again.reference.hex
            ),
        )
        record(
            organization,
            actor,
            "doubt settled",
            f"Sent a text again of which nobody could tell whether it was sent (message "
            f"{doubtful.pk}).",
            service=doubtful.service,
        )
    return again


def _number_now(message: Message) -> str:
    """The number a text was sent from, if the vendor that sends now is the one it belongs to."""
    same = message.service == active_vendor(message.organization).name
    return message.user_number if same else ""


def _mark(organization: Organization, actor: AbstractBaseUser, ids: list[int]) -> int:
    with transaction.atomic():
        marked = (
            in_doubt(organization)
            .filter(pk__in=ids)
            .update(
                send_status=SendStatus.SENT,
                status_reason=f"{actor.get_username()} marked this as sent; the vendor has not "
                "confirmed it.",
                history=history.appended(Step.MARKED_SENT, by=str(actor.pk)),
            )
        )
        if marked:
            which = f"message {ids[0]}" if marked == 1 else f"{marked} messages"
            record(
                organization,
                actor,
                "doubt settled",
                f"Marked as sent what nobody could tell the fate of ({which}).",
            )
    return marked
