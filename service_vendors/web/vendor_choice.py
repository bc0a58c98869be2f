"""Choosing the vendor that sends for an organization."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib.auth.base_user import AbstractBaseUser

from service_vendors import conf, configuration
from service_vendors.exceptions import UnknownVendor
from service_vendors.models import Organization
from service_vendors.vendors import registry
from service_vendors.web.vendor_forms import running_campaigns


@dataclass(frozen=True, slots=True)
class Option:
    """One vendor to choose; ``ready`` is None where that cannot be said."""

    value: str
    id: str
    title: str
    hint: str
    ready: bool | None
    checked: bool


class ChoiceForm(forms.Form):
    """One of the available vendors, or "" for the installation's own choice."""

    service = forms.ChoiceField(required=False, label="Vendor")
    confirmed = forms.BooleanField(
        required=False, label="I understand, and want to switch while campaigns are running."
    )

    def __init__(self, organization: Organization, data: Any = None) -> None:
        super().__init__(data, auto_id="choose-%s", label_suffix="")
        self.organization = organization
        self.ready: dict[str, bool] = {}  # the page knows it of every vendor
        self.own = str(organization.feature("DEFAULT_SERVICE") or "")
        self.campaigns = running_campaigns(organization)
        service = self.fields["service"]
        assert isinstance(service, forms.ChoiceField)  # noqa: S101 - declared above
        service.choices = [
            ("", "Leave it to the installation"),
            *((name, cls.title) for name, cls in registry.available().items()),
        ]
        service.error_messages["invalid_choice"] = "Choose one of the vendors on this page."

    def clean(self) -> dict[str, Any]:
        """A switch while campaigns are running takes a word of confirmation."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.campaigns and self._switches() and not cleaned.get("confirmed"):
            self.add_error("confirmed", "Tick this box if you want to switch now.")
        return cleaned

    def save_as(self, actor: AbstractBaseUser) -> bool:
        """Set the organization's choice. Returns whether anything changed."""
        chosen = self.cleaned_data["service"]
        if chosen == self.own:
            return False
        configuration.choose_vendor(self.organization, chosen or None, actor=actor)
        return True

    @property
    def warns(self) -> bool:
        """Whether there is a switch to be made here that running campaigns would feel."""
        fallback = conf.text("DEFAULT_SERVICE")
        return bool(self.campaigns) and len({fallback, *registry.available()}) > 1

    def options(self) -> Iterator[Option]:
        """The choices, the installation's first, each with what it would mean."""
        chosen = self["service"].value() if self.is_bound else self.own
        fallback = conf.text("DEFAULT_SERVICE")
        titles = {name: cls.title for name, cls in registry.available().items()}
        yield Option(
            value="",
            id="choose-installation",
            title="Leave it to the installation",
            hint=f"DEFAULT_SERVICE is {titles.get(fallback, fallback)} there now."
            if fallback
            else "It names no vendor now, so nothing could be sent.",
            ready=None,
            checked=not chosen,
        )
        for name, title in titles.items():
            yield Option(
                value=name,
                id=f"choose-{name}",
                title=title,
                hint="",
                ready=self.ready.get(name),
                checked=chosen == name,
            )

    def _switches(self) -> bool:
        if "service" in self.errors:
            return False
        try:
            now = configuration.active_vendor(self.organization).name
        except UnknownVendor:
            return False
        return (self.cleaned_data["service"] or conf.text("DEFAULT_SERVICE")) != now
