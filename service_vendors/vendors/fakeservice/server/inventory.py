"""Numbers for sale, numbers sold, and pools of them."""

from __future__ import annotations

from itertools import islice
from typing import Any, Final

from aiohttp import web

from service_vendors.vendors.fakeservice import errors
from service_vendors.vendors.fakeservice.server import events, phones
from service_vendors.vendors.fakeservice.server.company import (
    COMPANY,
    Refusal,
    json_object,
    text_of,
)
from service_vendors.vendors.fakeservice.server.ledger import Row

MOST_FOUND: Final = 500
MONTHLY_PRICE: Final = "1.00"
CAPABILITIES: Final = ("sms", "mms")


async def available(request: web.Request) -> web.Response:
    """GET /numbers/available?area_code=&limit=: numbers nobody has bought yet."""
    company = request.app[COMPANY]
    company.account(request)
    area_code, limit = request.query.get("area_code", ""), request.query.get("limit", "50")
    if not limit.isdigit():
        raise Refusal(400, errors.BAD_REQUEST, "limit must be a number.")
    sold = company.ledger.ever_sold(f"+1{area_code}")
    free = (number for number in phones.for_sale(area_code) if number not in sold)
    found = list(islice(free, min(int(limit), MOST_FOUND)))
    return web.json_response({"numbers": [_offer(number) for number in found]})


async def buy(request: web.Request) -> web.Response:
    """POST /numbers: buy one number. The same order again gets the same answer."""
    company = request.app[COMPANY]
    account, value = company.account(request), await json_object(request)
    wanted, reference = text_of(value, "phone_number"), text_of(value, "reference")
    await company.pause(company.behaviour.number_seconds)
    row = company.ledger.number(wanted)
    if row is None:
        if not phones.is_for_sale(wanted):
            raise Refusal(404, errors.BAD_NUMBER, "This number is not for sale.")
        company.ledger.sell(wanted, events.new_id("N"), account, reference)
        row = company.ledger.number(wanted)
    if row is None or (row["account"], row["reference"]) != (account, reference):
        raise Refusal(409, errors.BAD_NUMBER, "Somebody else bought this number.")
    if row["released_at"] is not None:
        raise Refusal(409, errors.BAD_NUMBER, "This number was given back.")
    return web.json_response(_owned(row), status=201)


async def owned(request: web.Request) -> web.Response:
    """GET /numbers: what the account owns, 500 at a time: ?after= is the last number seen,
    ?reference= chooses what was bought under it.
    """
    company = request.app[COMPANY]
    after, reference = request.query.get("after", ""), request.query.get("reference", "")
    rows = company.ledger.numbers(company.account(request))
    later = (row for row in rows if row["phone_number"] > after)
    page = islice((row for row in later if reference in {"", row["reference"]}), MOST_FOUND)
    return web.json_response({"numbers": [_owned(row) for row in page]})


async def release(request: web.Request) -> web.Response:
    """DELETE /numbers/{id}: give a number back."""
    company = request.app[COMPANY]
    await company.pause(company.behaviour.number_seconds)
    if not company.ledger.release(company.account(request), request.match_info["id"]):
        raise Refusal(404, errors.BAD_NUMBER, "The account has no such number.")
    return web.Response(status=204)


async def open_pool(request: web.Request) -> web.Response:
    """POST /pools: open a pool of numbers."""
    company = request.app[COMPANY]
    account, pool_id = company.account(request), events.new_id("P")
    company.ledger.add_pool(pool_id, account, text_of(await json_object(request), "name"))
    return web.json_response({"id": pool_id}, status=201)


async def pools(request: web.Request) -> web.Response:
    """GET /pools: the account's pools."""
    company = request.app[COMPANY]
    rows = company.ledger.pools(company.account(request))
    return web.json_response({"pools": [{"id": row["id"], "name": row["name"]} for row in rows]})


async def close_pool(request: web.Request) -> web.Response:
    """DELETE /pools/{id}: close a pool; its numbers stay the account's."""
    company = request.app[COMPANY]
    if not company.ledger.delete_pool(company.account(request), request.match_info["id"]):
        raise Refusal(404, errors.UNKNOWN_POOL)
    return web.Response(status=204)


async def fill_pool(request: web.Request) -> web.Response:
    """POST /pools/{id}/numbers: put numbers, by their ids, into a pool."""
    company, pool_id = request.app[COMPANY], request.match_info["id"]
    account, value = company.account(request), await json_object(request)
    ids = value.get("ids")
    if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
        raise Refusal(400, errors.BAD_REQUEST, "ids must be a list of ids.")
    if not company.ledger.has_pool(account, pool_id):
        raise Refusal(404, errors.UNKNOWN_POOL)
    with company.ledger.together():
        if company.ledger.fill_pool(account, pool_id, set(ids)) != len(set(ids)):
            raise Refusal(404, errors.BAD_NUMBER, "The account does not have all these numbers.")
    return web.Response(status=204)


async def empty_pool(request: web.Request) -> web.Response:
    """DELETE /pools/{id}/numbers: take every number out of a pool."""
    company = request.app[COMPANY]
    company.ledger.empty_pool(company.account(request), request.match_info["id"])
    return web.Response(status=204)


def _offer(phone_number: str) -> dict[str, Any]:
    return {
        "phone_number": phone_number,
        "monthly_price": MONTHLY_PRICE,
        "capabilities": CAPABILITIES,
    }


def _owned(row: Row) -> dict[str, Any]:
    return {
        **_offer(row["phone_number"]),
        "id": row["id"],
        "reference": row["reference"],
        "pool": row["pool"],
    }
