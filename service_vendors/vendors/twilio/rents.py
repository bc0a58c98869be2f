"""What Twilio charges an account for a number, by the month.

https://www.twilio.com/docs/phone-numbers/pricing
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Final

from service_vendors import phone
from service_vendors.exceptions import VendorError
from service_vendors.phone import SenderKind
from service_vendors.types import VendorAccount
from service_vendors.vendors.twilio import answers
from service_vendors.vendors.twilio.transport import client

# Twilio's word in its price list, by its name of the list that a number is sold from.
IN_PRICE_LIST: Final = MappingProxyType(
    {"local": "local", "mobile": "mobile", "toll_free": "toll free"}
)
# Everything else that is said about money is in this currency, too.
CURRENCY: Final = "USD"
# Where it could not be told, nobody asks again so soon: lists of numbers are long.
PAUSE_SECONDS: Final = 60.0


def kind_of(number: str, said: str | None) -> str:
    """Which list a number of ours was sold from, by itself and what Twilio says of its type."""
    if phone.sender_kind(number) is SenderKind.TOLL_FREE:
        return "toll_free"
    return "mobile" if said == "mobile" else "local"


class Rents:
    """The prices of numbers, asked for once a country."""

    def __init__(self, account: VendorAccount) -> None:
        self._account = account
        self._known: dict[str, Mapping[str, Decimal]] = {}
        self._ask_again_at: dict[str, float] = {}

    async def of(self, country: str, kind: str) -> Decimal | None:
        """The price of a number of a kind; None where it cannot be told.

        That nobody can tell it now is no reason not to sell: nothing is raised.
        """
        if country not in self._known:
            if not country or time.monotonic() < self._ask_again_at.get(country, 0.0):
                return None
            try:
                self._known[country] = await self._ask(country)
            except VendorError:
                self._ask_again_at[country] = time.monotonic() + PAUSE_SECONDS
                return None
        return self._known[country].get(IN_PRICE_LIST[kind])

    async def _ask(self, country: str) -> Mapping[str, Decimal]:
        prices = client(self._account).pricing.v1.phone_numbers.countries(country)
        with answers.reading():
            found = await prices.fetch_async()
            if str(found.price_unit).upper() != CURRENCY:
                return {}
            return {
                str(one["number_type"]): _amount(one["current_price"])
                for one in found.phone_number_prices
            }


def _amount(said: object) -> Decimal:
    """An amount of money. Raises ValueError when it is none."""
    try:
        amount = Decimal(str(said))
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite():
        raise ValueError(answers.UNREADABLE)
    return amount
