"""The form of an organization's texting hours."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ImproperlyConfigured

from service_vendors import conf, texting_hours
from service_vendors.models import Organization
from service_vendors.texting_hours import TextingHours
from service_vendors.web.card_form import CardForm


class HoursForm(CardForm):
    """Whether there are hours, and which."""

    name = "hours"
    anchor = "texting-hours"
    saved = "The texting hours are saved."

    enforced = forms.BooleanField(required=False, label="Text only between these hours")
    start = forms.TypedChoiceField(coerce=int, label="From")
    end = forms.TypedChoiceField(coerce=int, label="Until")

    def __init__(self, organization: Organization, data: Any = None) -> None:
        super().__init__(organization, data)
        self.problem = ""
        try:
            self.own = texting_hours.of(organization)
        except ImproperlyConfigured as error:
            self.own, self.problem = None, str(error)
        shown = self.own or TextingHours(
            conf.whole(texting_hours.START), conf.whole(texting_hours.END)
        )
        self.initial = {"enforced": bool(self.own), "start": shown.start, "end": shown.end}
        for name, hours in (("start", range(24)), ("end", range(1, 25))):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
            field.choices = [(hour, on_a_clock(hour)) for hour in hours]
            field.error_messages["invalid_choice"] = "Choose one of the hours."

    def clean(self) -> dict[str, Any]:
        """The end comes after the beginning."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and cleaned["start"] >= cleaned["end"]:
            self.add_error("end", "Choose an hour after the one they begin.")
        return cleaned

    def save_as(self, actor: AbstractBaseUser) -> bool:
        """Set the organization's hours. Returns whether anything changed."""
        cleaned = self.cleaned_data
        hours = TextingHours(cleaned["start"], cleaned["end"]) if cleaned["enforced"] else None
        if hours == self.own and not self.problem:
            return False
        texting_hours.save(self.organization, hours, actor=actor)
        return True


def on_a_clock(hour: int) -> str:
    """A full hour as people write it."""
    if hour in {0, 24}:
        return "midnight"
    return "noon" if hour == 12 else f"{hour % 12 or 12} {'a.m.' if hour < 12 else 'p.m.'}"
