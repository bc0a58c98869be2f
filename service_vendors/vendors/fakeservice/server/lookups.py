"""Looking numbers up: for free, or written on the bill."""

from __future__ import annotations

from aiohttp import web

from service_vendors.vendors.fakeservice import errors
from service_vendors.vendors.fakeservice.server import faults, phones
from service_vendors.vendors.fakeservice.server.company import COMPANY, Refusal


async def look_up(request: web.Request) -> web.StreamResponse:
    """GET /lookups/{number}: what is known of a number; ?free=1 tells less, ?name=1 more.

    Without ?free=1 it is charged, also where there is no such number.
    """
    company = request.app[COMPANY]
    account, number = company.account(request), request.match_info["number"]
    await company.pause(company.behaviour.latency_seconds)
    fault = company.dice.roll()
    faults.refuse(company, fault)
    is_free, with_name = request.query.get("free") == "1", request.query.get("name") == "1"
    company.ledger.add_lookup(account, number, paid=not is_free)
    known = phones.describe(number)
    if known is None:
        raise Refusal(404, errors.BAD_NUMBER, "There is no such number.")
    if is_free:
        known["carrier"] = ""
    if not with_name:
        known["name"] = ""
    return await faults.answered(company, request, known, fault)
