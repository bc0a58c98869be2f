"""How fast an organization's texts are sent, and the form with which its owner says so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ImproperlyConfigured
from django.utils.text import capfirst

from service_vendors.models import Organization
from service_vendors.sending import rates
from service_vendors.sending.rates import Rate, Source
from service_vendors.vendors.base import ServiceVendor
from service_vendors.web.card_form import CardForm

# Who types less wants to stop sending, and there are better ways; the most is no limit in practice.
SLOWEST: Final = Decimal("0.001")
FASTEST: Final = Decimal(1_000_000)
ERRORS: Final = {
    "invalid": "Type a number such as 0.5 or 1000, of digits and a point only, or leave it blank.",
    "min_value": f"Type a number above 0, {SLOWEST} or more, or leave it blank.",
    "max_value": f"Type {FASTEST:,} or less, or leave it blank.",
}


class RatesForm(CardForm):
    """A number for the account and for each kind of sender; blank where nothing is set."""

    name = "rates"
    anchor = "sending-rates"
    saved = "The limits are saved."

    def __init__(self, organization: Organization, data: Any = None) -> None:
        super().__init__(organization, data)
        for name, title in rates.TITLES.items():
            self.fields[name] = forms.DecimalField(
                required=False,
                label=capfirst(title),
                min_value=SLOWEST,
                max_value=FASTEST,
                error_messages=ERRORS,
            )
            self.initial[name] = _saved(organization, name)

    def save_as(self, actor: AbstractBaseUser) -> bool:
        """Set the organization's rates. Returns whether anything changed."""
        typed = {name: self.cleaned_data[name] for name in rates.TITLES}
        wanted = {name: None if rate is None else float(rate) for name, rate in typed.items()}
        return rates.save(self.organization, wanted, actor=actor)


@dataclass(frozen=True, slots=True)
class RateLine:
    """A field, and what holds now: ``rate``, or the ``problem`` why nothing does.

    ``ignored`` is what the organization asks for in vain, as it is faster than others may be.
    """

    field: forms.BoundField
    setting: str
    rate: Rate | None = None
    ignored: str = ""
    problem: str = ""

    @property
    def per_second(self) -> str:
        """The rate as people write it; "" where there is no limit."""
        return rates.as_typed(self.rate.per_second) if self.rate and self.rate.per_second else ""


@dataclass(frozen=True, slots=True)
class RatesCard:
    """The rates over the vendor that sends now, which is None where there is none."""

    vendor: ServiceVendor | None
    form: CardForm

    @property
    def shares_account(self) -> bool:
        """Whether other organizations are slowed down by this one's texts."""
        return self.vendor is not None and self.vendor.shares_account()

    def lines(self) -> Iterator[RateLine]:
        """A line for each field."""
        for field in self.form.visible_fields():
            setting = rates.setting_of(field.name)
            if self.vendor is None:
                yield RateLine(field, setting)
                continue
            try:
                rate = rates.in_force(field.name, self.vendor, self.form.organization)
                wish = rates.own(field.name, self.form.organization)
            except ImproperlyConfigured as error:
                yield RateLine(field, setting, problem=str(error))
                continue
            asked = wish.per_second if wish else 0.0
            is_ignored = asked and rate.source != Source.ORGANIZATION
            ignored = rates.as_typed(asked) if is_ignored else ""
            yield RateLine(field, setting, rate, ignored)


def _saved(organization: Organization, name: str) -> str:
    """What the organization's features say, whatever it is, to be shown in its field."""
    value = organization.feature(rates.setting_of(name))
    if isinstance(value, int | float):
        return rates.as_typed(value)
    return "" if value is None else str(value)
