"""The phone inventory: buying under a reference, without ever buying twice.

Vonage takes no reference with a purchase, and a purchase whose answer is lost may have been made.
So each number is bought in four steps, and the order of the steps is the proof:

1. a note is written at Vonage: this number, for this order (``notes``);
2. the number is bought;
3. the number is pointed at our webhook, and the address carries the reference (``tags``);
4. the note is removed, and the number is handed over.

Whatever dies, and whenever: a number that was bought has a note, or the reference, or both; so
the next call under the same reference finds it. A note without a number is either a purchase that
never arrived or one that still may. That very number is then tried first: it can be bought only
once, so whichever of the two purchases comes through, it is ours, and no other is bought in its
place before that is settled. A number somebody else took meanwhile has a note and is not ours, or
carries another order's reference; its note is removed.

Numbers that were bought by hand carry neither, and are never taken for an order's.
"""

from __future__ import annotations

import re
from abc import ABC
from collections.abc import AsyncIterator
from typing import Final

import phonenumbers

from service_vendors import conf
from service_vendors.exceptions import (
    PermanentVendorError,
    SendUncertain,
    TransientVendorError,
    VendorNotConfigured,
)
from service_vendors.types import AvailableNumber, PurchasedNumber
from service_vendors.vendors.base import ServiceVendor
from service_vendors.vendors.nexmo import errors, inventory, notes, tags
from service_vendors.vendors.nexmo.inventory import Number

MESSAGES: Final = "nexmo"
NO_ADDRESS: Final = (
    "Nothing was bought: Vonage tries the address a number calls before it takes it, and nobody "
    "knows ours. Set BASE_URL to the public address of this installation."
)
UNREACHABLE: Final = (
    "Vonage called our address in vain, so a number that is bought was not set up yet. See that "
    "BASE_URL is the public address of this installation, and go on with the order: nothing is "
    "bought twice."
)
# How many more numbers are looked up than are wanted, since some are sold by the time they are
# bought; and how many may be refused in a row before we believe it.
SPARE: Final = 5
MOST_REFUSED: Final = 10
_SERVICE_ID: Final = re.compile(r"([A-Z]{2})-([0-9]{7,15})")


class WithNumbers(ServiceVendor, ABC):
    """The part of the vendor that buys, lists and releases numbers."""

    async def search_numbers(self, area_code: str, limit: int) -> AsyncIterator[AvailableNumber]:
        """Up to ``limit`` numbers of an area code that Vonage would sell."""
        found = 0
        async for number in self._for_sale(area_code):
            if found >= limit:
                return
            found += 1
            yield number.available()

    async def buy_numbers_in_area_code(
        self, area_code: str, limit: int, reference: str
    ) -> AsyncIterator[PurchasedNumber]:
        """Buy up to ``limit`` numbers, yielding each when it is ours.

        Raises PermanentVendorError when Vonage has numbers there and refuses one after another.
        """
        if not self.account.callback_base:
            raise VendorNotConfigured(NO_ADDRESS)
        bought = 0
        open_notes = [note async for note in self._settled_notes(reference)]
        async for number in inventory.owned(self.account, _prefix(self._country(), area_code)):
            if tags.reference_in(number.address) == reference and bought < limit:
                bought += 1
                yield number.purchased()
        for note in open_notes:
            if bought < limit and await self._finish(note):
                bought += 1
                yield note.number.purchased(reference)
        tried = {note.number.msisdn for note in open_notes}
        refusals: list[PermanentVendorError] = []
        while bought < limit:
            candidates = await self._untried(area_code, limit - bought + SPARE, tried)
            if not candidates:
                break
            for number in candidates:
                tried.add(number.msisdn)
                note = await notes.write(self.account, number, reference)
                try:
                    await inventory.buy(self.account, number)
                except PermanentVendorError as error:
                    refusals.append(error)
                    await notes.remove(self.account, note)
                    if len(refusals) == MOST_REFUSED:
                        raise
                    continue
                await self._hand_over(note)
                bought, refusals = bought + 1, []
                yield number.purchased(reference)
                if bought == limit:
                    return
        if refusals and not bought:
            raise refusals[-1]

    async def release_number(self, service_id: str) -> None:
        """Give a number back; one that is already gone, or never was, counts as released."""
        named = _SERVICE_ID.fullmatch(service_id)
        if named:
            await inventory.cancel(self.account, Number(named[1], named[2]))

    async def list_owned_numbers(self) -> AsyncIterator[PurchasedNumber]:
        """Every number this account owns."""
        async for number in inventory.owned(self.account):
            yield number.purchased()

    async def list_bought_numbers(self, reference: str) -> AsyncIterator[PurchasedNumber]:
        """Every number that was bought under a reference; what was left half-bought is finished.

        A note whose number is not ours is removed: its purchase never arrived. A number that
        cannot be pointed here now is told nevertheless.
        """
        for note in [note async for note in notes.of_order(self.account, reference)]:
            number = await inventory.find_owned(self.account, note.number.msisdn)
            if number is None or tags.reference_in(number.address):
                await notes.remove(self.account, note)
                continue
            try:
                await self._hand_over(note)
            except VendorNotConfigured:
                yield number.purchased(reference)
        async for number in inventory.owned(self.account):
            if tags.reference_in(number.address) == reference:
                yield number.purchased()

    async def _settled_notes(self, reference: str) -> AsyncIterator[notes.Note]:
        """What an earlier try left behind: a number that it bought is handed over now; of a note
        whose number is not ours (yet), the note.
        """
        for note in [note async for note in notes.of_order(self.account, reference)]:
            number = await inventory.find_owned(self.account, note.number.msisdn)
            if number is None:
                yield note
            elif tags.reference_in(number.address):
                await notes.remove(self.account, note)
            else:
                await self._hand_over(note)

    async def _finish(self, note: notes.Note) -> bool:
        """Buy the number of an open note; whether it is ours then."""
        try:
            await inventory.buy(self.account, note.number)
        except PermanentVendorError as error:
            if error.code != errors.REFUSED_NUMBER:
                raise
            number = await inventory.find_owned(self.account, note.number.msisdn)
            if number is None or tags.reference_in(number.address) not in {"", note.reference}:
                await notes.remove(self.account, note)
                return False
        await self._hand_over(note)
        return True

    async def _hand_over(self, note: notes.Note) -> None:
        """Set up a number that was bought, and forget its note."""
        address = tags.tagged(self.account.callback(MESSAGES), note.reference)
        try:
            await inventory.point(self.account, note.number, address)
            await notes.remove(self.account, note)
        except PermanentVendorError as error:
            raise VendorNotConfigured(UNREACHABLE, code=error.code) from None
        except TransientVendorError as error:
            raise SendUncertain(str(error)) from error  # it is bought, and not handed over

    async def _untried(self, area_code: str, limit: int, tried: set[str]) -> list[Number]:
        """Up to ``limit`` numbers for sale that no purchase was tried of yet.

        A list, since what is for sale changes with every purchase.
        """
        found: list[Number] = []
        async for number in self._for_sale(area_code):
            if number.msisdn not in tried:
                found.append(number)
            if len(found) == limit:
                break
        return found

    def _for_sale(self, area_code: str) -> AsyncIterator[Number]:
        country = self._country()
        return inventory.for_sale(self.account, country, _prefix(country, area_code))

    def _country(self) -> str:
        return (self.account.country or conf.text("PHONE_NUMBER_COUNTRY")).upper()


def _prefix(country: str, area_code: str) -> str:
    """How numbers of an area code begin, country code included."""
    return f"{phonenumbers.country_code_for_region(country)}{area_code}"
