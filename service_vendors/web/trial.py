"""Sending a test message from the Settings page, and watching what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID, uuid4
from zlib import crc32

from django import forms
from django.contrib.auth.base_user import AbstractBaseUser
from django.utils import timezone

from service_vendors.exceptions import MessageRefused, UnknownVendor
from service_vendors.models import FINAL_STATUSES, Message, Organization, Origin
from service_vendors.phone import InvalidPhoneNumber
from service_vendors.sending import send_message

# How often the page asks: eagerly at first, then ever less, and in the end not at all.
_PACES: Final = (
    (timedelta(seconds=20), 1),
    (timedelta(minutes=2), 3),
    (timedelta(minutes=15), 15),
)


class TrialForm(forms.Form):
    """A number and a text. ``key`` keeps an impatient second click from texting twice."""

    number = forms.CharField(
        label="To", max_length=40, error_messages={"required": "Type a number."}
    )
    text = forms.CharField(
        label="Text",
        max_length=1600,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Type what to send."},
    )
    key = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, auto_id="trial-%s", label_suffix="")
        self.initial = {"text": "A test from our texting program.", "key": uuid4()}

    def send_as(self, organization: Organization, sender: AbstractBaseUser) -> Message | None:
        """Send it; None, with the reason in this form's errors, when it was not accepted."""
        key = self.cleaned_data["key"] or uuid4()
        try:
            return send_message(
                organization,
                self.cleaned_data["number"],
                self.cleaned_data["text"],
                sender=sender,
                idempotency_key=f"test-message-{key}",
                origin=Origin.TRIAL,
            )
        except InvalidPhoneNumber as error:
            self.add_error("number", str(error))
        except (MessageRefused, UnknownVendor) as error:
            self.add_error(None, str(error))
        return None


@dataclass(frozen=True, slots=True)
class Trial:
    """A test message as it stands now."""

    message: Message

    @property
    def poll_seconds(self) -> int | None:
        """How long to wait before asking again; None when asking is over."""
        if self.message.send_status in FINAL_STATUSES:
            return None
        age = timezone.now() - self.message.created_at
        return next((pace for limit, pace in _PACES if age < limit), None)

    @property
    def seen(self) -> str:
        """What the page shows, in one word: as long as it is the same, nothing needs saying."""
        reason = crc32(self.message.status_reason.encode())
        return f"{self.message.send_status}-{reason:x}-{self.poll_seconds}"


def trial_of(organization: Organization, reference: str) -> Trial | None:
    """The test message with this reference, if it is the organization's."""
    try:
        uuid = UUID(reference)
    except ValueError:
        return None
    message = Message.objects.filter(
        organization=organization, reference=uuid, is_from_contact=False
    ).first()
    return Trial(message) if message else None
