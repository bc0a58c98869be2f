"""Messages, out and in, and the pieces of long ones."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from service_vendors.models.contacts import Contact
from service_vendors.models.organizations import Organization
from service_vendors.references import new_reference


class SendStatus(models.TextChoices):
    """What became of a message, in Spoke's words."""

    QUEUED = "QUEUED", "Queued"
    SENDING = "SENDING", "Sending"
    SENT = "SENT", "Sent"
    DELIVERED = "DELIVERED", "Delivered"
    ERROR = "ERROR", "Failed"
    UNKNOWN = "UNKNOWN", "Unknown"
    PAUSED = "PAUSED", "Paused"
    NOT_ATTEMPTED = "NOT_ATTEMPTED", "Not attempted"


class Priority(models.IntegerChoices):
    """What goes first when not everything can go at once."""

    REPLY = 0, "Reply"  # somebody waits for it: a text in a conversation, one by itself
    BULK = 1, "Bulk"


FINAL_STATUSES = frozenset({SendStatus.DELIVERED, SendStatus.ERROR, SendStatus.NOT_ATTEMPTED})

# Reports come in any order; a message's status only ever rises in this one.
STATUS_RANK = {
    SendStatus.PAUSED: 0,
    SendStatus.QUEUED: 0,
    SendStatus.SENDING: 1,
    SendStatus.NOT_ATTEMPTED: 1,
    SendStatus.UNKNOWN: 2,
    SendStatus.SENT: 3,
    SendStatus.ERROR: 4,
    SendStatus.DELIVERED: 5,
}


class Message(models.Model):
    """One text between an organization and a contact, in either direction.

    ``contact_number`` is the person's, ``user_number`` is ours. Spoke's names are kept; below them
    stand the columns with which ``sending.py``, their only writer, moves a message along.
    """

    # Every change of a row is written to every index, so there is none that another one covers.
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="messages", db_index=False
    )
    contact = models.ForeignKey(
        Contact,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="messages",
        db_index=False,
    )
    sender = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="sent_messages",
        db_index=False,
    )
    contact_number = models.CharField(max_length=16)
    user_number = models.CharField(max_length=16, blank=True)
    is_from_contact = models.BooleanField(default=False)
    text = models.TextField(blank=True)
    media = models.JSONField(default=list, blank=True)  # [{"url": ..., "content_type": ...}]
    service = models.CharField(max_length=50)
    service_id = models.CharField(max_length=255, blank=True)
    messageservice_sid = models.CharField(max_length=255, blank=True)
    priority = models.PositiveSmallIntegerField(
        choices=Priority,
        default=Priority.BULK,
        db_default=Priority.BULK,  # for workers of the version before, while this one is rolled out
    )
    send_status = models.CharField(max_length=13, choices=SendStatus, default=SendStatus.QUEUED)
    error_code = models.IntegerField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    queued_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    service_response_at = models.DateTimeField(null=True, blank=True)
    send_before = models.DateTimeField(null=True, blank=True)

    # Our id of the message, known to the vendor, so that a report finds it in any case.
    reference = models.UUIDField(default=new_reference, unique=True, editable=False)
    # Why it is where it is, in words, for the person who looks.
    status_reason = models.TextField(blank=True)
    idempotency_key = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001
    # One claim is one vendor call; results are recorded only by whoever holds the token.
    claim_token = models.UUIDField(null=True, blank=True, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    settle_attempts = models.PositiveSmallIntegerField(default=0)
    # The vendors that surely did not take it, before ``service`` had its turn.
    tried_services = models.JSONField(default=list, blank=True, editable=False)
    # When it was last handed to the broker, and when the sweeper is to look at it: QUEUED, may
    # be sent from then on; SENDING, the lease ends then; UNKNOWN, ask the vendor then.
    dispatched_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    # An incoming long message of which not every part came.
    is_incomplete = models.BooleanField(default=False)
    # What happened to it, step by step (see ``history.py``); no text and no number is in it.
    history = models.TextField(blank=True, default="", editable=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("organization", "service", "service_id"),
                condition=Q(is_from_contact=True) & ~Q(service_id=""),
                name="sv_one_row_an_incoming_message",
            ),
            models.UniqueConstraint(
                fields=("organization", "idempotency_key"),
                condition=Q(idempotency_key__isnull=False),
                name="sv_one_message_an_idempotency_key",
            ),
        )
        indexes = (
            # The number first: whom it belongs to is what some ask.
            models.Index(fields=("contact_number", "organization", "-id"), name="sv_talk"),
            models.Index(fields=("organization", "-id"), name="sv_organization_messages"),
            models.Index(
                fields=("contact",),
                condition=Q(contact__isnull=False),
                name="sv_messages_of_a_contact",
            ),
            models.Index(
                fields=("sender", "organization", "contact_number"),
                condition=Q(sender__isnull=False),
                name="sv_messages_of_a_sender",
            ),
            models.Index(
                fields=("organization", "-id"),
                condition=Q(send_status__in=("ERROR", "NOT_ATTEMPTED")),
                name="sv_failed_messages",
            ),
            models.Index(
                fields=("send_status", "due_at"),
                condition=Q(send_status__in=("QUEUED", "SENDING", "UNKNOWN", "PAUSED")),
                name="sv_open_messages",
            ),
            # Only what waits for its time, not what a worker has been asked to send.
            models.Index(
                fields=("priority", "organization", "due_at"),
                condition=Q(send_status="QUEUED", dispatched_at__isnull=True),
                name="sv_messages_to_hand_over",
            ),
            models.Index(
                fields=("service", "service_id"),
                condition=Q(is_from_contact=False) & ~Q(service_id=""),
                name="sv_message_of_a_report",
            ),
            models.Index(
                fields=("organization", "user_number", "-id"),
                condition=Q(is_from_contact=False),
                name="sv_messages_of_our_number",
            ),
        )

    def __str__(self) -> str:
        return f"{self.reference.hex} ({self.get_send_status_display()})"


class MessagePart(models.Model):
    """One piece of a long incoming message; kept after ``message`` was assembled from it."""

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="message_parts"
    )
    service = models.CharField(max_length=50)
    service_id = models.CharField(max_length=255)
    contact_number = models.CharField(max_length=16)
    user_number = models.CharField(max_length=16)
    group = models.CharField(max_length=255)
    index = models.PositiveSmallIntegerField()
    total = models.PositiveSmallIntegerField()
    text = models.TextField(blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    message = models.ForeignKey(
        Message, on_delete=models.SET_NULL, null=True, blank=True, related_name="parts"
    )

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("organization", "service", "service_id"), name="sv_one_row_a_part"
            ),
        )
        indexes = (
            models.Index(
                fields=("organization", "service", "contact_number", "user_number", "group"),
                condition=Q(message__isnull=True),
                name="sv_parts_to_assemble",
            ),
        )

    def __str__(self) -> str:
        return f"{self.index}/{self.total} of {self.group}"
