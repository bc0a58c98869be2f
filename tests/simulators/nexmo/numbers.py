"""Numbers: for sale, bought, changed and cancelled.

https://developer.vonage.com/en/api/numbers
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import aiohttp
from aiohttp import web

from tests.simulators.nexmo.company import COMPANY, NexmoCompany, Refusal

REFUSED: Final = {"error-code": "420", "error-code-label": "method failed"}
DONE: Final = {"error-code": "200", "error-code-label": "success"}


async def search(request: web.Request) -> web.Response:
    """What is for sale."""
    company = request.app[COMPANY]
    if request.query["country"] != "US":
        return web.json_response({})
    found: list[dict[str, Any]] = [
        {
            "country": "US",
            "msisdn": msisdn,
            "cost": "0.90",
            "type": "mobile-lvn",
            "features": features,
        }
        for msisdn, features in company.for_sale.items()
        if "SMS" in features and msisdn not in company.numbers
    ]
    return _page(request.query, found)


async def owned(request: web.Request) -> web.Response:
    """What is the account's."""
    return _page(request.query, list(request.app[COMPANY].numbers.values()))


async def buy(request: web.Request) -> web.Response:
    """Buy one number, if nobody has it."""
    company, form = request.app[COMPANY], await request.post()
    msisdn = str(form["msisdn"])
    if msisdn not in company.for_sale or msisdn in company.numbers:
        raise Refusal(420, REFUSED)
    give(company, msisdn)
    company.purchases.append(msisdn)
    return web.json_response(DONE)


def give(company: NexmoCompany, msisdn: str, **more: Any) -> None:
    """Make a number the account's."""
    company.numbers[msisdn] = {
        "country": "US",
        "msisdn": msisdn,
        "type": "mobile-lvn",
        "features": company.for_sale.get(msisdn, ["SMS", "MMS"]),
        **more,
    }


async def update(request: web.Request) -> web.Response:
    """Say where a number's messages go; an address that does not answer is refused."""
    company, form = request.app[COMPANY], await request.post()
    number = company.numbers.get(str(form["msisdn"]))
    address = str(form.get("moHttpUrl", ""))
    if number is None or not (await _answers(address) if company.tries_addresses else True):
        raise Refusal(420, REFUSED)
    number |= {name: str(form[name]) for name in ("moHttpUrl", "app_id") if name in form}
    return web.json_response(DONE)


async def cancel(request: web.Request) -> web.Response:
    """Take a number back."""
    company, form = request.app[COMPANY], await request.post()
    msisdn = str(form["msisdn"])
    if company.numbers.pop(msisdn, None) is None:
        raise Refusal(420, REFUSED)
    company.cancellations.append(msisdn)
    return web.json_response(DONE)


def _page(query: Mapping[str, str], everything: list[dict[str, Any]]) -> web.Response:
    """A page of those that begin with the pattern; where there are none, no list at all."""
    size, index = int(query.get("size", "10")), int(query.get("index", "1"))
    assert query.get("search_pattern", "0") == "0"
    found = [one for one in everything if one["msisdn"].startswith(query.get("pattern", ""))]
    here = found[(index - 1) * size : index * size]
    return web.json_response({"count": len(found), "numbers": here} if here else {})


async def _answers(address: str) -> bool:
    timeout = aiohttp.ClientTimeout(total=5)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        try:
            async with session.get(address) as response:
                return response.status == 200
        except aiohttp.ClientError:
            return False
