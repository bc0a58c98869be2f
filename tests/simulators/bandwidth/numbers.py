"""Numbers: searched, ordered, kept and disconnected, all by orders that take their time.

https://dev.bandwidth.com/docs/numbers/guides/searchingForNumbers/
"""

from __future__ import annotations

import re
from typing import Any, Final

from aiohttp import web

from tests.simulators.bandwidth import xml
from tests.simulators.bandwidth.accounts import peer_of
from tests.simulators.bandwidth.company import BandwidthCompany, Refusal, company_of

KINDS: Final = {
    "AreaCodeSearchAndOrderType": "AreaCode",
    "TollFreeWildCharSearchAndOrderType": "TollFreeWildCardPattern",
}
TOLL_FREE: Final = re.compile(r"8(00|33|44|55|66|77|88)")
NAME: Final = re.compile(r"[A-Za-z0-9 -]{1,40}")
NOTHING_LEFT: Final = {"Code": 5005, "Description": "The quantity is not available"}


async def search(request: web.Request) -> web.Response:
    """Numbers for sale."""
    company, query = company_of(request), request.query
    code = query.get("areaCode") or query.get("tollFreeWildCardPattern", "")
    if bool(TOLL_FREE.fullmatch(code)) is not ("tollFreeWildCardPattern" in query):
        raise Refusal(400, 4010, "One of more required search parameters are null or empty")
    found = for_sale(company, code, int(query.get("quantity", "5000")))
    if query.get("enableTNDetail") != "true" or TOLL_FREE.fullmatch(code):
        return xml.answer("SearchResult", {"TelephoneNumberList": {"TelephoneNumber": found}})
    details = [
        {"City": "NEW YORK", "State": "NY", "FullNumber": number, "RateCenter": "NWYRCYZN01"}
        for number in found
    ]
    return xml.answer(
        "SearchResult",
        {
            "ResultCount": len(found),
            "TelephoneNumberDetailList": {"TelephoneNumberDetail": details},
        },
    )


def for_sale(company: BandwidthCompany, code: str, quantity: int) -> list[str]:
    """Up to so many numbers of an area that nobody has yet."""
    sold = sum(number.startswith(code) and number not in company.given for number in company.sold)
    free = (f"{code}556{one:04d}" for one in range(10_000))
    left = [number for number in free if number not in company.sold][: max(0, quantity)]
    return left[: max(0, company.stock - sold)]


# -- orders ---------------------------------------------------------------------------------------


async def place(request: web.Request) -> web.Response:
    """Take an order, and begin to work at it."""
    company = company_of(request)
    order = (await xml.read(request))["Order"]
    reference = order.get("CustomerOrderId", "")
    if not NAME.fullmatch(reference):
        raise _refused_order(5052, "CustomerOrderId is invalid")
    if order.get("SiteId") not in company.sites:
        raise _refused_order(5016, "The SiteId submitted is invalid.")
    peer = company.peers.get(order.get("PeerId", ""))
    if peer is None or peer["site"] != order["SiteId"]:
        raise _refused_order(5023, "The PeerId submitted is invalid.")
    kind = next(name for name in KINDS if name in order)
    code, quantity = order[kind][KINDS[kind]], int(order[kind]["Quantity"])
    if bool(TOLL_FREE.fullmatch(code)) is not kind.startswith("TollFree"):
        raise _refused_order(4000, "The area code is invalid")
    found = for_sale(company, code, quantity)
    company.sold.update(found)
    company.numbers.update(dict.fromkeys(found, order["PeerId"]))
    made = company.new_guid()
    company.orders[made] = {
        "reference": reference,
        "order": order,
        "wanted": quantity,
        "numbers": found,
        "looks": 0,
        "status": "RECEIVED",
        "end": "COMPLETE" if len(found) == quantity else "PARTIAL" if found else "FAILED",
        "errors": [] if len(found) == quantity else [NOTHING_LEFT],
    }
    return xml.answer(
        "OrderResponse", {"Order": {**order, "id": made}, "OrderStatus": "RECEIVED"}, 201
    )


async def list_orders(request: web.Request) -> web.Response:
    """The orders of a name, newest first; a page begins with the order that it names."""
    company, query = company_of(request), request.query
    named = [
        one
        for one, order in reversed(company.orders.items())
        if order["reference"] == query["customerOrderId"] and not order.get("hidden")
    ]
    if query["page"] != "1":
        named = named[named.index(query["page"]) :]
    listed = [
        {"orderId": one, "OrderStatus": company.orders[one]["status"]}
        for one in named[: int(query["size"])]
    ]
    return xml.answer(
        "ResponseSelectWrapper",
        {"ListOrderIdUserIdDate": {"TotalCount": len(named), "OrderIdUserIdDate": listed}},
    )


async def fetch_order(request: web.Request) -> web.Response:
    """How far an order is."""
    company = company_of(request)
    order = _order(company, request)
    order["looks"] += 1
    if order["status"] == "RECEIVED" and order["looks"] > company.looks_until_done:
        order["status"] = order["end"]
    told: dict[str, Any] = {"Order": {**order["order"], "id": request.match_info["order"]}}
    if order["status"] in {"COMPLETE", "PARTIAL", "BACKORDERED"}:
        numbers = [{"FullNumber": number} for number in order["numbers"]]
        told["CompletedNumbers"] = {"TelephoneNumber": numbers}
        told["CompletedQuantity"] = len(numbers)
    if order["status"] in {"PARTIAL", "FAILED"}:
        told["ErrorList"] = {"Error": order["errors"]}
    return xml.answer("OrderResponse", {**told, "OrderStatus": order["status"]})


async def change_order(request: web.Request) -> web.Response:
    """End a back order with what has come."""
    order = _order(company_of(request), request)
    if (await xml.read(request))["Order"].get("CloseOrder") == "true":
        order["status"] = "PARTIAL" if order["numbers"] else "FAILED"
        order["errors"] = [NOTHING_LEFT]
    return xml.answer("OrderResponse")


# -- what is in service ---------------------------------------------------------------------------


async def is_in_service(request: web.Request) -> web.Response:
    """Whether a number is the account's; there is nothing to read."""
    if request.match_info["number"] not in company_of(request).numbers:
        raise Refusal(404, "", "The telephone number is not in service")
    return web.Response(status=200)


async def list_numbers(request: web.Request) -> web.Response:
    """The numbers of a location, a page at a time."""
    company = company_of(request)
    one, _ = peer_of(request)
    page, size = int(request.query["page"]), int(request.query["size"])
    there = [number for number, peer in company.numbers.items() if peer == one]
    numbers = [{"FullNumber": number} for number in there[(page - 1) * size : page * size]]
    return xml.answer(
        "SipPeerTelephoneNumbersResponse",
        {"SipPeerTelephoneNumbers": {"SipPeerTelephoneNumber": numbers}},
    )


# -- disconnects ----------------------------------------------------------------------------------


async def disconnect(request: web.Request) -> web.Response:
    """Take an order to disconnect one number."""
    company = company_of(request)
    order = (await xml.read(request))["DisconnectTelephoneNumberOrder"]
    number = order["DisconnectTelephoneNumberOrderType"]["TelephoneNumberList"]["TelephoneNumber"]
    busy = any(
        one["number"] == number and one["status"] == "RECEIVED"
        for one in company.disconnects.values()
    )
    failure = (5218, "is already processing on another order") if busy else None
    if number not in company.numbers:
        failure = (5006, "the number is not on the account")
    made = company.new_guid()
    company.disconnects[made] = {
        "number": number,
        "status": "FAILED" if failure else "RECEIVED",
        "failure": failure,
        "looks": 0,
    }
    return _disconnect(made, company.disconnects[made], 201)


async def fetch_disconnect(request: web.Request) -> web.Response:
    """How far a disconnect is."""
    company = company_of(request)
    one = request.match_info["order"]
    if one not in company.disconnects:
        raise Refusal(404, "", "The resource does not exist")
    work_at_disconnects(company)
    return _disconnect(one, company.disconnects[one])


def work_at_disconnects(company: BandwidthCompany) -> None:
    """Look once more at each that waits."""
    for order in company.disconnects.values():
        order["looks"] += 1
        if order["status"] == "RECEIVED" and order["looks"] > company.looks_until_done:
            order["status"] = "COMPLETE"
            company.numbers.pop(order["number"], None)
            company.given.add(order["number"])


def _disconnect(one: str, order: dict[str, Any], status: int = 200) -> web.Response:
    told: dict[str, Any] = {"orderRequest": {"id": one}, "OrderStatus": order["status"]}
    if order["failure"]:
        code, words = order["failure"]
        told["ErrorList"] = {"Error": {"Code": code, "Description": words}}
    return xml.answer("DisconnectTelephoneNumberOrderResponse", told, status)


def _order(company: BandwidthCompany, request: web.Request) -> dict[str, Any]:
    one = request.match_info["order"]
    if one not in company.orders:
        raise Refusal(404, "", "The order-id cannot be found")
    return company.orders[one]


def _refused_order(code: int, words: str) -> Refusal:
    error = {"Error": {"Code": code, "Description": words}}
    return Refusal(400, "", "", more={"ErrorList": error})
