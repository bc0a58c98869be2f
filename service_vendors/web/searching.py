"""Lists of phone numbers: looking for a number in one, and the links that narrow one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, TypeVar

from django.db.models import Model, QuerySet

from service_vendors.configuration import get_config
from service_vendors.models import Organization
from service_vendors.phone import InvalidPhoneNumber, to_e164

FEWEST_DIGITS: Final = 3

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class Narrowing:
    """One link that narrows a list."""

    title: str
    url: str
    current: bool


@dataclass(frozen=True, slots=True)
class Search:
    """A number somebody looks for: a whole one, or some of its digits; or what is wrong with it."""

    typed: str
    number: str = ""
    digits: str = ""
    error: str = ""

    def narrow(self, rows: QuerySet[Row], field: str) -> QuerySet[Row]:
        """The rows whose number, in this field, is looked for: all of them, without a search."""
        if self.error:
            return rows.none()
        if self.number:
            return rows.filter(**{field: self.number})
        return rows.filter(**{f"{field}__contains": self.digits}) if self.digits else rows


def sought(organization: Organization, typed: str) -> Search:
    """What a person who typed this looks for."""
    typed = typed.strip()
    if not typed:
        return Search("")
    try:
        return Search(typed, number=to_e164(typed, country_of(organization)))
    except InvalidPhoneNumber:
        digits = re.sub(r"\D", "", typed)
    if len(digits) < FEWEST_DIGITS or re.search(r"[^\d\s()+./-]", typed):
        error = f"Type a phone number, or at least {FEWEST_DIGITS} digits that follow one another."
        return Search(typed, error=error)
    return Search(typed, digits=digits)


def country_of(organization: Organization) -> str:
    """Of which country a number is that is written without one."""
    return str(get_config("PHONE_NUMBER_COUNTRY", organization))
