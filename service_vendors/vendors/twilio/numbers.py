"""Phone numbers: searched, bought, listed and given back.

https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource
"""

from __future__ import annotations

import asyncio
from abc import ABC
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final

from service_vendors import conf, phone
from service_vendors.exceptions import (
    PermanentVendorError,
    SendUncertain,
    VendorError,
    VendorNotConfigured,
)
from service_vendors.types import AvailableNumber, PurchasedNumber
from service_vendors.vendors.base import ServiceVendor
from service_vendors.vendors.twilio import answers, errors, services
from service_vendors.vendors.twilio.areas import Area, area_of
from service_vendors.vendors.twilio.rents import Rents, kind_of
from service_vendors.vendors.twilio.transport import client

MOST_AT_ONCE: Final = 1_000
# Twilio's limit of a FriendlyName, which carries our reference.
LONGEST_REFERENCE: Final = 64

# Refusals that are about one number: the next one may do.
NOT_FOR_SALE: Final = frozenset({errors.NOT_A_NUMBER_TO_BUY, errors.NUMBER_NOT_AVAILABLE})


# How often a purchase is looked for whose answer was lost, and how long it is waited in between.
LOOKS: Final = 3
PAUSE_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class _Pool:
    """The messaging service that bought numbers go to, with the ids of those in it."""

    sid: str
    inside: set[str]

    @property
    def room(self) -> int:
        return max(0, services.MOST_NUMBERS - len(self.inside))


class WithNumbers(ServiceVendor, ABC):
    """The part of the vendor that buys, lists and releases numbers."""

    @cached_property
    def _rents(self) -> Rents:
        return Rents(self.account)

    async def search_numbers(self, area_code: str, limit: int) -> AsyncIterator[AvailableNumber]:
        """Up to ``limit`` numbers of an area that take texts and that Twilio would sell.

        An area is three digits in North America, toll-free prefixes included; elsewhere what the
        numbers begin with. Raises PermanentVendorError when it can be none.
        """
        async for number in self._for_sale(area_of(area_code, self.account), limit):
            yield number

    async def buy_numbers_in_area_code(
        self, area_code: str, limit: int, reference: str
    ) -> AsyncIterator[PurchasedNumber]:
        """Buy up to ``limit`` numbers, and no more than MAX_NUMBERS_PER_BUY_JOB, one by one.

        Each is tagged with ``reference``, calls us, and goes to the account's messaging service,
        if it has one. What was bought under the reference before is yielded first and counts.
        A number that was bought and cannot be put into the service is yielded without it before
        the error is raised; the next call with the same reference puts it there. When only some
        fit into the service, those are bought, and then PermanentVendorError is raised.
        """
        area = area_of(area_code, self.account)
        if not 0 < len(reference) <= LONGEST_REFERENCE:
            raise ValueError("A reference has 1 to 64 characters.")
        if not self.account.callback_base:
            raise VendorNotConfigured(services.NO_ADDRESS)
        wanted = min(limit, conf.whole("MAX_NUMBERS_PER_BUY_JOB"))
        pool = await self._pool()
        found = 0
        async for owned in self._owned(reference):
            if found < wanted and area.has(owned.phone_number):
                found += 1
                placed, trouble = await self._placed(owned, pool)
                yield placed
                if trouble is not None:
                    raise trouble
        affordable = wanted if pool is None else min(wanted, found + pool.room)
        async for bought in self._bought_in(area, affordable - found, reference):
            found += 1
            placed, trouble = await self._placed(bought, pool)
            yield placed
            if trouble is not None:
                raise trouble
        if found == affordable < wanted:
            raise PermanentVendorError(services.FULL, code=errors.POOL_FULL)

    async def release_number(self, service_id: str) -> None:
        """Give a number back; one that is already gone counts as released."""
        if not answers.is_sid(service_id, "PN"):
            return
        number = client(self.account).incoming_phone_numbers(service_id)
        await services.unless_gone(number.delete_async)

    async def list_owned_numbers(self) -> AsyncIterator[PurchasedNumber]:
        """Every number this account owns, each with the messaging service it is in."""
        inside = await services.whereabouts(self.account)
        async for owned in self._owned(inside=inside):
            yield owned

    async def _owned(
        self, reference: str = "", inside: Mapping[str, str] = MappingProxyType({})
    ) -> AsyncIterator[PurchasedNumber]:
        """The account's numbers; with a reference only those bought under it.

        ``inside`` says which messaging service each is in, by the number's id.
        """
        numbers = client(self.account).incoming_phone_numbers
        asked_for = {"friendly_name": reference} if reference else {}
        found = numbers.stream_async(page_size=MOST_AT_ONCE, **asked_for)
        async for one in answers.every(found):
            if _is_ours_to_text_from(one) and (not reference or one.friendly_name == reference):
                yield await self._purchased(one, inside.get(one.sid, ""))

    async def _purchased(self, one: Any, messageservice_sid: str = "") -> PurchasedNumber:
        """A number of ours as Twilio tells it. Raises ValueError when it tells none."""
        number = str(one.phone_number)
        kind = kind_of(number, getattr(one, "type", None))
        return PurchasedNumber(
            phone_number=number,
            service_id=answers.insist_on_sid(one.sid, "PN"),
            messageservice_sid=messageservice_sid,
            reference=str(one.friendly_name or ""),
            capabilities=_capabilities(one.capabilities),
            monthly_price=await self._rents.of(phone.country_of(number), kind),
        )

    async def _for_sale(self, area: Area, limit: int) -> AsyncIterator[AvailableNumber]:
        """What Twilio sells in an area, from each of its lists in turn."""
        seen: set[str] = set()
        for kind in area.kinds:
            if len(seen) >= limit:
                return
            price = await self._rents.of(area.country, kind)
            async for one in self._listed(area, kind, min(limit - len(seen), MOST_AT_ONCE)):
                if area.has(one.phone_number) and one.phone_number not in seen:
                    seen.add(one.phone_number)
                    yield AvailableNumber(
                        phone_number=one.phone_number,
                        monthly_price=price,
                        capabilities=_capabilities(one.capabilities),
                        region=", ".join(filter(None, (one.locality, one.region))),
                    )

    async def _listed(self, area: Area, kind: str, limit: int) -> AsyncIterator[Any]:
        """One of Twilio's lists of numbers that take texts; not every country has every list."""
        there = client(self.account).available_phone_numbers(area.country)
        found = getattr(there, kind).stream_async(
            **area.asked_for(), sms_enabled=True, limit=limit, page_size=limit
        )
        try:
            async for one in answers.every(found):
                yield one
        except PermanentVendorError as error:
            if error.code != errors.NOT_FOUND:
                raise

    async def _bought_in(
        self, area: Area, count: int, reference: str
    ) -> AsyncIterator[PurchasedNumber]:
        """Up to ``count`` new numbers of an area, one by one; fewer when no more are for sale."""
        bought = 0
        tried: set[str] = set()
        while bought < count:
            tried_before = len(tried)
            async for number in self._for_sale(area, count - bought + len(tried)):
                if bought == count:
                    return
                if number.phone_number in tried:
                    continue
                tried.add(number.phone_number)
                if one := await self._bought(number.phone_number, reference):
                    bought += 1
                    yield one
            if len(tried) == tried_before:
                return

    async def _bought(self, number: str, reference: str) -> PurchasedNumber | None:
        """Buy one number; None when it is not for sale after all.

        A number is sold once. So one that is said to be taken may be ours since an earlier try,
        and one whose purchase got no answer is looked for, and never ordered again.
        """
        order = {
            "phone_number": number,
            "friendly_name": reference,
            "sms_url": self.account.callback("twilio"),
            "sms_method": "POST",
        }
        try:
            with answers.reading(acts=True):
                numbers = client(self.account, acts=True).incoming_phone_numbers
                return await self._purchased(await numbers.create_async(**order))
        except PermanentVendorError as error:
            if error.code not in NOT_FOR_SALE:
                raise
            return await self._bought_before(number, reference)
        except SendUncertain:
            found = await self._bought_after_all(number, reference)
            if found is None:
                raise
            return found

    async def _bought_before(self, number: str, reference: str) -> PurchasedNumber | None:
        """A number that was bought under a reference; None when it was not."""
        async for owned in self._owned(reference):
            if owned.phone_number == number:
                return owned
        return None

    async def _bought_after_all(self, number: str, reference: str) -> PurchasedNumber | None:
        """What became of a purchase without an answer; None when nobody can tell yet."""
        for look in range(LOOKS):
            if look:
                await asyncio.sleep(PAUSE_SECONDS)
            with suppress(VendorError):
                if found := await self._bought_before(number, reference):
                    return found
        return None

    async def _pool(self) -> _Pool | None:
        """The account's own messaging service, if it has one. Raises PermanentVendorError."""
        sid = self.get_message_service_sid("", "")
        return _Pool(sid, set(await services.members(self.account, sid))) if sid else None

    async def _placed(
        self, owned: PurchasedNumber, pool: _Pool | None
    ) -> tuple[PurchasedNumber, VendorError | None]:
        """A number, put into the pool, or as it is with the reason why that could not be."""
        if pool is None:
            return owned, None
        try:
            if owned.service_id not in pool.inside:
                await services.join(self.account, pool.sid, owned.service_id)
                pool.inside.add(owned.service_id)
            return replace(owned, messageservice_sid=pool.sid), None
        except PermanentVendorError as error:
            if error.code != errors.IN_ANOTHER_SERVICE:
                return owned, error
        except VendorError as error:
            return owned, error
        # Somebody put it elsewhere meanwhile, where it stays.
        try:
            inside = await services.whereabouts(self.account)
        except VendorError as error:
            return owned, error
        return replace(owned, messageservice_sid=inside.get(owned.service_id, "")), None


def _is_ours_to_text_from(one: Any) -> bool:
    return answers.is_sid(one.sid, "PN") and phone.is_e164(str(one.phone_number))


def _capabilities(said: object) -> tuple[str, ...]:
    """What a number can do, of that which matters here. Twilio's lists differ in capitals."""
    can = (
        {str(name).lower() for name, able in said.items() if able}
        if isinstance(said, dict)
        else set()
    )
    return tuple(one for one in ("sms", "mms", "voice") if one in can)
