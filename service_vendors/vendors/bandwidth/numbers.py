"""The phone inventory: searched, ordered, listed and disconnected through the Numbers API.

Numbers are E.164 with us and 10 digits with Bandwidth, and are their own ids.
"""

from __future__ import annotations

import re
from abc import ABC
from collections.abc import AsyncIterator
from typing import Final
from xml.etree.ElementTree import Element

from service_vendors.exceptions import PermanentVendorError, VendorNotConfigured
from service_vendors.types import AvailableNumber, PurchasedNumber, VendorAccount
from service_vendors.vendors.bandwidth import api, markup, orders
from service_vendors.vendors.bandwidth.prices import TOLL_FREE
from service_vendors.vendors.base import ServiceVendor

CAPABILITIES: Final = ("sms", "mms")
NUMBERS_A_PAGE: Final = 1_000
NO_LOCATION: Final = (
    "Bandwidth keeps numbers in a location of a sub-account. Enter the IDs of both, or let "
    "auto-configure create them."
)

# "already processing on another order"
IN_ANOTHER_ORDER: Final = "5218"

_AREA_CODE: Final = re.compile(r"[2-9][0-8][0-9]")
_TEN_DIGITS: Final = re.compile(r"[2-9][0-9]{9}")


class WithNumbers(ServiceVendor, ABC):
    """The part of the vendor that buys, lists and releases numbers."""

    async def search_numbers(self, area_code: str, limit: int) -> AsyncIterator[AvailableNumber]:
        """Up to ``limit`` numbers of an area code that Bandwidth would sell."""
        if not _AREA_CODE.fullmatch(area_code) or limit < 1:
            return
        params = {"quantity": str(min(limit, orders.MOST_AT_ONCE)), "enableTNDetail": "true"}
        name = "tollFreeWildCardPattern" if area_code in TOLL_FREE else "areaCode"
        answer = await api.xml_call(
            self.account, "GET", "/availableNumbers", params={**params, name: area_code}
        )
        found = 0
        for number, region in _offers(answer):
            if number[2:5] != area_code or found >= limit:
                continue
            found += 1
            yield AvailableNumber(number, capabilities=CAPABILITIES, region=region)

    async def buy_numbers_in_area_code(
        self, area_code: str, limit: int, reference: str
    ) -> AsyncIterator[PurchasedNumber]:
        """Order up to ``limit`` numbers at once, yielding what comes of it.

        Called again with the same reference, it yields what came of the orders already placed
        under it, and orders only what was never asked for: a number that an order could not bring
        is not ordered again. Raises SendUncertain when nobody can tell whether an order was
        placed, or while one takes long: calling again settles both.
        """
        location(self.account)
        known = list[orders.Order]()
        async for number in self._came_of_orders(reference, known):
            yield number
        wanted = sum(max(order.wanted, len(order.numbers)) for order in known)
        missing = min(limit - wanted, orders.MOST_AT_ONCE)
        if missing > 0 and _AREA_CODE.fullmatch(area_code):
            kind, content = _wanted(area_code, missing)
            order_id = await orders.place(self.account, kind, content, reference)
            known.append(await orders.ended(self.account, order_id))
            for one in known[-1].numbers:
                yield _purchased(one, reference)
            # An order whose answer was lost may have shown itself meanwhile.
            async for number in self._came_of_orders(reference, known):
                yield number
        if known and not any(order.numbers for order in known):
            orders.complain(known[-1])

    async def _came_of_orders(
        self, reference: str, known: list[orders.Order]
    ) -> AsyncIterator[PurchasedNumber]:
        """The numbers of all orders under a reference but those ``known``, which they join.

        All numbers, however many were wanted: what is paid for must be known.
        """
        ids = {order.order_id for order in known}
        async for order_id in orders.placed_under(self.account, reference):
            if order_id not in ids:
                known.append(await orders.ended(self.account, order_id))
                for number in known[-1].numbers:
                    yield _purchased(number, reference)

    async def list_bought_numbers(self, reference: str) -> AsyncIterator[PurchasedNumber]:
        """What came of the orders under a reference, without what was disconnected since.

        Raises SendUncertain while one of them takes long.
        """
        async for number in self._came_of_orders(reference, []):
            if await self._is_in_service(number.service_id.removeprefix("+1")):
                yield number

    async def list_owned_numbers(self) -> AsyncIterator[PurchasedNumber]:
        """Every number of the location. Bandwidth does not tell which order one came by."""
        site, peer = location(self.account)
        page, seen = 1, set[str]()
        while True:
            params = {
                "page": str(page),
                "size": str(NUMBERS_A_PAGE),
                "includeAttributes": "false",
            }
            answer = await api.xml_call(
                self.account, "GET", f"/sites/{site}/sippeers/{peer}/tns", params=params
            )
            numbers = list(markup.texts(answer, "FullNumber"))
            new = [one for one in dict.fromkeys(numbers) if one not in seen]
            seen.update(new)
            for number in new:
                yield _purchased(number)
            if len(numbers) < NUMBERS_A_PAGE or not new:
                return
            page += 1

    async def release_number(self, service_id: str) -> None:
        """Disconnect a number, and wait until it is. One that is already gone counts as released.

        Raises SendUncertain while Bandwidth takes long; calling again goes on waiting.
        """
        number = service_id.removeprefix("+1")
        if not _TEN_DIGITS.fullmatch(number) or not await self._is_in_service(number):
            return
        order: dict[str, markup.Value] = {
            "Name": "service_vendors",
            "DisconnectTelephoneNumberOrderType": {
                "TelephoneNumberList": {"TelephoneNumber": number}
            },
        }
        body = markup.document("DisconnectTelephoneNumberOrder", order)
        placed = await api.xml_call(self.account, "POST", "/disconnects", body=body, acts=True)
        order_id = markup.text(placed, "id", "OrderId")
        complaint = ""

        async def look() -> Element | None:
            nonlocal complaint
            if not await self._is_in_service(number):
                return placed
            answer = await api.xml_call(self.account, "GET", f"/disconnects/{order_id}")
            if markup.text(answer, "OrderStatus").upper() != "FAILED":
                return None
            # Also the second of two orders for one number fails, while the first is at work.
            code = markup.text(answer, "Code", "ErrorCode")
            if code == IN_ANOTHER_ORDER:
                return None
            complaint = api.numbers_error(
                self.account,
                int(code) if code.isascii() and code.isdigit() else None,
                markup.text(answer, "Description"),
            )
            return answer

        await orders.wait_for(look)
        if complaint:
            raise PermanentVendorError(complaint)

    async def _is_in_service(self, number: str) -> bool:
        """Whether a number is the account's."""
        try:
            await api.xml_call(self.account, "GET", f"/inserviceNumbers/{number}")
        except PermanentVendorError as error:
            if api.is_missing(error):
                return False
            raise
        return True


def location(account: VendorAccount) -> tuple[str, str]:
    """The sub-account and the location whose numbers these are."""
    site, peer = account.config.get("site_id", ""), account.config.get("sip_peer_id", "")
    if not (api.ID.fullmatch(site) and api.ID.fullmatch(peer)):
        raise VendorNotConfigured(NO_LOCATION)
    return site, peer


def _wanted(area_code: str, quantity: int) -> tuple[str, dict[str, markup.Value]]:
    """The form of an order: toll-free numbers have one of their own."""
    if area_code in TOLL_FREE:
        return "TollFreeWildCharSearchAndOrderType", {
            "Quantity": quantity,
            "TollFreeWildCardPattern": area_code,
        }
    return "AreaCodeSearchAndOrderType", {"AreaCode": area_code, "Quantity": quantity}


def _offers(answer: Element) -> list[tuple[str, str]]:
    """The numbers of a search, as E.164, and where they are."""
    detailed = [
        (
            markup.text(one, "FullNumber"),
            ", ".join(filter(None, (markup.text(one, "City"), markup.text(one, "State")))),
        )
        for one in answer.iter("TelephoneNumberDetail")
    ]
    plain = [(number, "") for number in markup.texts(answer, "TelephoneNumber")]
    return [
        (f"+1{number}", region)
        for number, region in detailed or plain
        if _TEN_DIGITS.fullmatch(number)
    ]


def _purchased(number: str, reference: str = "") -> PurchasedNumber:
    e164 = f"+1{number}"
    return PurchasedNumber(
        phone_number=e164,
        service_id=e164,
        reference=reference,
        capabilities=CAPABILITIES,
    )
