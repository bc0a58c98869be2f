"""The phone inventory and its pools ("messaging services"), as the company sells them."""

from __future__ import annotations

from abc import ABC
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from typing import Any, Final
from urllib.parse import quote

from service_vendors.exceptions import PermanentVendorError
from service_vendors.phone import area_code as area_code_of
from service_vendors.types import AvailableNumber, MessagingService, PurchasedNumber
from service_vendors.vendors.base import ServiceVendor
from service_vendors.vendors.fakeservice import api
from service_vendors.vendors.fakeservice.errors import BAD_NUMBER, UNKNOWN_POOL

MOST_AT_ONCE: Final = 500


class WithNumbers(ServiceVendor, ABC):
    """The part of the vendor that buys, lists and releases numbers."""

    async def search_numbers(self, area_code: str, limit: int) -> AsyncIterator[AvailableNumber]:
        """Up to ``limit`` numbers of an area code that the company would sell."""
        params = {"area_code": area_code, "limit": str(min(limit, MOST_AT_ONCE))}
        found = await api.call(self.account, "GET", "/numbers/available", params=params)
        for one in found["numbers"][:limit]:
            yield AvailableNumber(
                phone_number=one["phone_number"],
                monthly_price=Decimal(one["monthly_price"]),
                capabilities=tuple(one["capabilities"]),
            )

    async def buy_numbers_in_area_code(
        self, area_code: str, limit: int, reference: str
    ) -> AsyncIterator[PurchasedNumber]:
        """Buy up to ``limit`` numbers, yielding each when it is ours.

        What was already bought under this reference is yielded first. A number that somebody else
        buys first is passed over for the next one.
        """
        bought = 0
        async for owned in self._owned(reference):
            if area_code_of(owned.phone_number) == area_code and bought < limit:
                bought += 1
                yield owned
        while bought < limit:
            before = bought
            async for number in self.search_numbers(area_code, limit - bought):
                order = {"phone_number": number.phone_number, "reference": reference}
                try:
                    answer = await api.call(self.account, "POST", "/numbers", json=order, acts=True)
                except PermanentVendorError as error:
                    if error.code != BAD_NUMBER:
                        raise
                    continue
                bought += 1
                yield _purchased(answer)
            if bought == before:
                return  # nothing is left to buy there

    async def list_owned_numbers(self) -> AsyncIterator[PurchasedNumber]:
        """Every number this account owns."""
        async for number in self._owned():
            yield number

    async def _owned(self, reference: str = "") -> AsyncIterator[PurchasedNumber]:
        """The account's numbers, a page at a time; with a reference only those bought under it."""
        after = ""
        while True:
            params = {"after": after, "reference": reference}
            page = await api.call(self.account, "GET", "/numbers", params=params)
            for one in page["numbers"]:
                yield _purchased(one)
            if not page["numbers"]:
                return
            after = page["numbers"][-1]["phone_number"]

    async def release_number(self, service_id: str) -> None:
        """Give a number back; one that is already gone counts as released."""
        await self._delete(f"/numbers/{quote(service_id, safe='')}", gone=BAD_NUMBER)

    async def create_messaging_service(self, name: str) -> str:
        """Open a pool of numbers; its id. Messages carry the callback, so a pool needs none."""
        answer = await api.call(self.account, "POST", "/pools", json={"name": name}, acts=True)
        return str(answer["id"])

    async def list_messaging_services(self) -> AsyncIterator[MessagingService]:
        """Every pool of this account."""
        answer = await api.call(self.account, "GET", "/pools")
        for one in answer["pools"]:
            yield MessagingService(one["id"], one["name"])

    async def delete_messaging_service(self, messageservice_sid: str) -> None:
        """Close a pool; one that is already gone counts as deleted."""
        await self._delete(f"/pools/{quote(messageservice_sid, safe='')}", gone=UNKNOWN_POOL)

    async def add_numbers_to_messaging_service(
        self, messageservice_sid: str, service_ids: Sequence[str]
    ) -> None:
        """Put numbers into a pool."""
        path = f"/pools/{quote(messageservice_sid, safe='')}/numbers"
        await api.call(self.account, "POST", path, json={"ids": list(service_ids)})

    async def clear_messaging_service_phones(self, messageservice_sid: str) -> None:
        """Take every number out of a pool."""
        await self._delete(
            f"/pools/{quote(messageservice_sid, safe='')}/numbers", gone=UNKNOWN_POOL
        )

    async def _delete(self, path: str, *, gone: int) -> None:
        """Delete something at the company; that it is ``gone`` already is as good."""
        try:
            await api.call(self.account, "DELETE", path)
        except PermanentVendorError as error:
            if error.code != gone:
                raise


def _purchased(one: dict[str, Any]) -> PurchasedNumber:
    return PurchasedNumber(
        phone_number=one["phone_number"],
        service_id=one["id"],
        messageservice_sid=one["pool"],
        reference=one["reference"],
        capabilities=tuple(one["capabilities"]),
        monthly_price=Decimal(one["monthly_price"]),
    )
