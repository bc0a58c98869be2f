"""The form under a conversation: a text, perhaps a picture."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID, uuid4

from django import forms
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.validators import URLValidator

from service_vendors.configuration import active_vendor
from service_vendors.exceptions import (
    ContactNotTextable,
    ContactOptedOut,
    IdempotencyConflict,
    MediaRefused,
    MessageRefused,
    UnknownVendor,
)
from service_vendors.models import Message, Organization, Origin
from service_vendors.phone import InvalidPhoneNumber
from service_vendors.sending import send_message
from service_vendors.types import Feature
from service_vendors.vendors import registry

MOST_CHARACTERS: Final = 10_000  # far above what any vendor takes; sending knows the vendor's own


class Composer(forms.Form):
    """What to send to one contact. ``key`` keeps an impatient second click from texting twice."""

    text = forms.CharField(
        label="Text",
        required=False,
        max_length=MOST_CHARACTERS,
        error_messages={"max_length": "This is far too long for a text."},
    )
    picture = forms.URLField(
        label="Picture",
        required=False,
        max_length=2_000,
        assume_scheme="https",
        validators=[URLValidator(schemes=("http", "https"))],
        error_messages={
            "invalid": "Write the picture's whole address, like https://example.org/picture.jpg."
        },
    )
    key = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(self, organization: Organization, data: Any = None) -> None:
        super().__init__(data, auto_id="compose-%s", label_suffix="")
        self.organization = organization
        self.fresh_key: UUID = uuid4()
        self.key_was_used = False

    @property
    def takes_pictures(self) -> bool:
        """Whether the vendor sends pictures."""
        try:
            name = active_vendor(self.organization).name
        except UnknownVendor:
            return False
        return Feature.MMS in registry.vendor_class(name).supports

    @property
    def shown_key(self) -> str:
        """The key for the next press of the button."""
        kept = "" if self.key_was_used or not self.is_bound else self.data.get("key")
        return str(kept or self.fresh_key)

    def clean(self) -> dict[str, Any]:
        """Something must be sent."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and not cleaned.get("text") and not cleaned.get("picture"):
            self.add_error("text", "Write a text or add a picture.")
        return cleaned

    def send_as(self, number: str, sender: AbstractBaseUser) -> Message | None:
        """Send it; None, with the reason in this form's errors, when it was not accepted."""
        picture = self.cleaned_data["picture"]
        try:
            return send_message(
                self.organization,
                number,
                self.cleaned_data["text"],
                media=[picture] if picture else (),
                sender=sender,
                idempotency_key=f"page-{self.cleaned_data['key'] or self.fresh_key}",
                origin=Origin.PAGE,
            )
        except IdempotencyConflict:
            self.key_was_used = True
            self.add_error(
                None, "Another text was sent from here already. Press Send to send this one too."
            )
        except (ContactNotTextable, ContactOptedOut, InvalidPhoneNumber, UnknownVendor) as error:
            self.add_error(None, str(error))
        except MediaRefused as error:
            self.add_error("picture", str(error))
        except MessageRefused as error:
            # Without pictures there is no field for one to be wrong in.
            self.add_error(None if picture and not self.takes_pictures else "text", str(error))
        return None
