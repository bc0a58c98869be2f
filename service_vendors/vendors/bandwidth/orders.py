"""Orders of the Numbers API: placed once, asked about until they end.

An order carries our reference as its CustomerOrderId, and every purchase begins by asking for the
orders that carry it. So whoever is stopped halfway, however rudely, calls again with the same
reference and goes on with what was ordered.
https://dev.bandwidth.com/docs/numbers/guides/searchingForNumbers/
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote
from xml.etree.ElementTree import Element

from service_vendors.backoff import backoff_seconds
from service_vendors.exceptions import (
    PermanentVendorError,
    SendUncertain,
    TransientVendorError,
    VendorNotConfigured,
)
from service_vendors.types import VendorAccount
from service_vendors.vendors.bandwidth import api, errors, markup

_Look = Callable[[], Awaitable[Element | None]]

MOST_AT_ONCE: Final = 5_000
ORDERS_A_PAGE: Final = 100
_REFERENCE: Final = re.compile(r"[A-Za-z0-9 -]{1,40}")

# Most orders end within a second, some are worked at by hand. Whoever asks longer than this is
# told to come back, and finds the order again.
FIRST_PAUSE_SECONDS: Final = 0.2
LONGEST_PAUSE_SECONDS: Final = 10.0
PATIENCE_SECONDS: Final = 90.0

SLOW: Final = "Bandwidth is still working on this. It is looked at again later."
BACKORDERED: Final = "BACKORDERED"
ENDED: Final = frozenset({"COMPLETE", "PARTIAL", "FAILED", "CANCELLED", "CLOSED"})


@dataclass(frozen=True, slots=True)
class Order:
    """An order that ended: how many numbers were wanted, which came, and why others did not.

    ``numbers`` have 10 digits, as Bandwidth writes them. ``codes`` are of the Numbers API.
    """

    order_id: str
    wanted: int
    numbers: tuple[str, ...] = ()
    codes: tuple[int, ...] = ()
    words: str = ""


async def place(
    account: VendorAccount, kind: str, content: Mapping[str, markup.Value], reference: str
) -> str:
    """Order numbers; the order's id. Raises SendUncertain when nobody can tell whether it was."""
    body = markup.document(
        "Order",
        {
            "CustomerOrderId": checked(reference),
            "Name": "service_vendors",
            "BackOrderRequested": False,
            kind: content,
            "PartialAllowed": True,
            "SiteId": account.config.get("site_id", ""),
            "PeerId": account.config.get("sip_peer_id", ""),
        },
    )
    answer = await api.xml_call(account, "POST", "/orders", body=body, acts=True)
    placed = answer.find("Order")
    order_id = "" if placed is None else markup.text(placed, "id", "orderId", "OrderId")
    order_id = order_id or answer.get("location", "").rstrip("/").rpartition("/")[2]
    if not order_id:
        raise SendUncertain("Bandwidth took the order and did not say under which id.")
    return order_id


async def placed_under(account: VendorAccount, reference: str) -> AsyncIterator[str]:
    """The ids of all orders that carry a reference, whatever became of them, oldest first."""
    page, found = "1", list[str]()
    while True:
        params = {
            "customerOrderId": checked(reference),
            "page": page,
            "size": str(ORDERS_A_PAGE),
        }
        try:
            answer = await api.xml_call(account, "GET", "/orders", params=params)
        except PermanentVendorError as error:
            if api.is_missing(error):
                break
            raise
        listed = list(answer.iter("OrderIdUserIdDate"))
        ids = [markup.text(one, "orderId", "OrderId") for one in listed]
        new = [one for one in ids if one and one not in found]
        found += new
        if len(listed) < ORDERS_A_PAGE or not new:
            break
        page = new[-1]  # a page begins with the order that it names
    for order_id in reversed(found):  # Bandwidth lists the newest first
        yield order_id


async def ended(account: VendorAccount, order_id: str) -> Order:
    """An order's end, waited for. Raises SendUncertain when that takes too long."""
    path = f"/orders/{quote(order_id, safe='')}"

    async def look() -> Element | None:
        answer = await api.xml_call(account, "GET", path)
        status = markup.text(answer, "OrderStatus").upper()
        if status == BACKORDERED:
            # What came later would be paid for and known to nobody.
            body = markup.document("Order", {"CloseOrder": True})
            with suppress(PermanentVendorError):  # it ended meanwhile
                await api.xml_call(account, "PUT", path, body=body)
        return answer if status in ENDED else None

    return _order(account, order_id, await wait_for(look))


async def wait_for(look: _Look) -> Element:
    """What ``look`` sees once it sees an end, looking ever less often.

    Raises SendUncertain when patience ends first, or when Bandwidth cannot be asked: what was
    ordered may be done meanwhile.
    """
    until, looks = time.monotonic() + PATIENCE_SECONDS, 0
    try:
        while (seen := await look()) is None:
            looks += 1
            if time.monotonic() > until:
                raise SendUncertain(SLOW)
            await asyncio.sleep(backoff_seconds(looks, FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS))
    except (TransientVendorError, VendorNotConfigured) as error:
        raise SendUncertain(str(error)) from error
    return seen


def checked(reference: str) -> str:
    """A reference that Bandwidth takes as an order's name. Raises ValueError."""
    if not _REFERENCE.fullmatch(reference):
        raise ValueError("An order's reference has letters, digits, dashes and blanks, up to 40.")
    return reference


def complain(order: Order) -> None:
    """Raise PermanentVendorError when an order brought nothing for another reason than that there
    was nothing to sell.
    """
    if order.numbers or not order.codes or errors.NOTHING_TO_SELL.intersection(order.codes):
        return
    raise PermanentVendorError(order.words or "Bandwidth could not fill the order.")


def _order(account: VendorAccount, order_id: str, answer: Element) -> Order:
    placed = answer.find("Order")
    wanted = "" if placed is None else markup.text(placed, "Quantity")
    came = answer.find("CompletedNumbers")
    told = list(answer.iter("Error"))
    codes = [markup.text(one, "Code") for one in told]
    known = tuple(int(code) for code in codes if code.isascii() and code.isdigit())
    words = next((markup.text(one, "Description") for one in told), "")
    return Order(
        order_id=order_id,
        wanted=int(wanted) if wanted.isascii() and wanted.isdigit() else 0,
        numbers=() if came is None else tuple(markup.texts(came, "FullNumber")),
        codes=known,
        words=api.numbers_error(account, known[0] if known else None, words),
    )
